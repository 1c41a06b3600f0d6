package dev.latentline.denoiser.noise;

/**
 * Logarithm, sine and cosine in single precision by the polynomials of the Cephes library (Moshier,
 * netlib.org/cephes), with the roundings that they have in PyTorch's builds for x86-64: every sum
 * with a product is fused.
 */
final class Cephes {
  private static final float[] LOG = {
    7.0376836292E-2f,
    -1.1514610310E-1f,
    1.1676998740E-1f,
    -1.2420140846E-1f,
    1.4249322787E-1f,
    -1.6668057665E-1f,
    2.0000714765E-1f,
    -2.4999993993E-1f,
    3.3333331174E-1f
  };
  private static final float[] COS = {
    2.443315711809948E-5f, -1.388731625493765E-3f, 4.166664568298827E-2f
  };
  private static final float[] SIN = {-1.9515295891E-4f, 8.3321608736E-3f, -1.6666654611E-1f};

  /** ln 2 in two parts. */
  private static final float LN_2_HIGH = 0.693359375f;

  private static final float LN_2_LOW = -2.12194440e-4f;

  /** pi / 4 in three parts, and its inverse. */
  private static final float[] EIGHTH = {
    0.78515625f, 2.4187564849853515625e-4f, 3.77489497744594108e-8f
  };

  private static final float EIGHTHS = 1.27323954473516f;
  private static final float ROOT_OF_HALF = 0.707106781186547524f;

  private Cephes() {}

  /**
   * @param x positive and normal
   */
  static float log(float x) {
    int exponent = Math.getExponent(x) + 1;
    float mantissa = x * (float) Math.scalb(1.0, -exponent);
    if (mantissa < ROOT_OF_HALF) {
      exponent--;
      mantissa += mantissa;
    }
    mantissa -= 1;
    float square = mantissa * mantissa;
    float y = polynomial(LOG, mantissa) * mantissa;
    y = Math.fma(y, square, exponent * LN_2_LOW);
    y = Math.fma(square, -0.5f, y);
    return Math.fma((float) exponent, LN_2_HIGH, mantissa + y);
  }

  /**
   * @param x from 0 to a few turns
   */
  static float sin(float x) {
    int octant = octant(x);
    float y = (octant & 2) == 0 ? sinPart(within(x, octant)) : cosPart(within(x, octant));
    return (octant & 4) == 0 ? y : -y;
  }

  /**
   * @param x from 0 to a few turns
   */
  static float cos(float x) {
    int octant = octant(x);
    float y = (octant & 2) == 0 ? cosPart(within(x, octant)) : sinPart(within(x, octant));
    return (octant - 2 & 4) != 0 ? y : -y;
  }

  private static int octant(float x) {
    return (int) (x * EIGHTHS) + 1 & ~1;
  }

  private static float within(float x, int octant) {
    float y = x;
    for (float part : EIGHTH) {
      y = Math.fma((float) octant, -part, y);
    }
    return y;
  }

  private static float sinPart(float x) {
    float square = x * x;
    return Math.fma(polynomial(SIN, square) * square, x, x);
  }

  private static float cosPart(float x) {
    float square = x * x;
    return Math.fma(polynomial(COS, square) * square, square, square * -0.5f) + 1;
  }

  private static float polynomial(float[] coefficients, float x) {
    float y = coefficients[0];
    for (int i = 1; i < coefficients.length; i++) {
      y = Math.fma(y, x, coefficients[i]);
    }
    return y;
  }
}
