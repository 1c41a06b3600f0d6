package dev.latentline.inference.tensor;

/**
 * IEEE 754 binary16 as the low 16 bits of a short: 1 sign, 5 exponent (bias 15), 10 fraction.
 * Conversion rounds to the nearest, ties to even; what passes 65504 by half a unit or more becomes
 * infinite; NaN stays NaN, quiet, with its sign. (Float.floatToFloat16 does the same from Java 20
 * on.)
 */
public final class Half {
  private static final int INFINITY = 0x7c00;
  private static final int QUIET = 0x0200;

  private Half() {}

  /** The nearest half. */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = (bits >>> 16) & 0x8000;
    int magnitude = bits & 0x7fff_ffff;
    if (magnitude > 0x7f80_0000) {
      return (short) (sign | INFINITY | QUIET | ((magnitude >>> 13) & 0x3ff));
    }
    // 65520, halfway between the largest half and the next power of two
    if (magnitude >= 0x477f_f000) {
      return (short) (sign | INFINITY);
    }
    int exponent = magnitude >>> 23;
    // below 2^-14 a half counts units of 2^-24: a float adder rounds to them when 0.5 makes its
    // last
    // place 2^-24
    if (exponent < 113) {
      float units = Float.intBitsToFloat(magnitude) + 0.5f;
      return (short) (sign | (Float.floatToRawIntBits(units) - 0x3f00_0000));
    }
    int rebiased = magnitude - (112 << 23);
    int rounded = rebiased + 0xfff + ((rebiased >>> 13) & 1);
    return (short) (sign | (rounded >>> 13));
  }

  /** Exact: every half is a float. */
  public static float toFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >>> 10) & 0x1f;
    int fraction = half & 0x3ff;
    if (exponent == 0) {
      float value = fraction * 0x1p-24f;
      return Float.intBitsToFloat(sign | Float.floatToRawIntBits(value));
    }
    if (exponent == 0x1f) {
      int quiet = fraction == 0 ? 0 : QUIET << 13;
      return Float.intBitsToFloat(sign | 0x7f80_0000 | quiet | (fraction << 13));
    }
    return Float.intBitsToFloat(sign | ((exponent + 112) << 23) | (fraction << 13));
  }
}
