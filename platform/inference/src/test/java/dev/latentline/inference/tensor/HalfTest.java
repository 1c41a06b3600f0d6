package dev.latentline.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Holds the bit arithmetic against the definition of binary16, computed in doubles. */
class HalfTest {
  private static final int LARGEST = 0x7bff;
  private static final int INFINITY = 0x7c00;

  @Test
  void everyHalfHasTheValueOfItsDefinition() {
    for (int half = 0; half <= 0xffff; half++) {
      float value = Half.toFloat((short) half);

      if ((half & 0x7fff) > INFINITY) {
        assertThat(value).as(Integer.toHexString(half)).isNaN();
      } else {
        double expected = (half & 0x8000) == 0 ? value(half) : -value(half & 0x7fff);
        assertThat(Double.doubleToRawLongBits(value))
            .as(Integer.toHexString(half))
            .isEqualTo(Double.doubleToRawLongBits(expected));
      }
    }
  }

  @Test
  void everyHalfSurvivesTheWayThroughFloat() {
    for (int half = 0; half <= 0xffff; half++) {
      short back = Half.fromFloat(Half.toFloat((short) half));

      boolean nan = (half & 0x7fff) > INFINITY;
      assertThat(back)
          .as(Integer.toHexString(half))
          .isEqualTo((short) (nan ? half | 0x0200 : half));
    }
  }

  @Test
  void aTieGoesToTheEvenNeighbourAndAnythingElseToTheNearer() {
    for (int half = 0; half <= LARGEST; half++) {
      // exact in float: a half has 11 significant bits
      float tie = (float) ((value(half) + valueAbove(half)) / 2);
      short even = (short) (half % 2 == 0 ? half : half + 1);

      assertThat(Half.fromFloat(tie)).as("tie above %x", half).isEqualTo(even);
      assertThat(Half.fromFloat(-tie)).as("tie below -%x", half).isEqualTo((short) (even | 0x8000));
      assertThat(Half.fromFloat(Math.nextDown(tie))).isEqualTo((short) half);
      assertThat(Half.fromFloat(Math.nextUp(tie))).isEqualTo((short) (half + 1));
    }
  }

  @Test
  void anyFloatGoesWhereTheNaiveSearchSendsIt() {
    Random random = new Random(20261123);

    for (int i = 0; i < 300_000; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      if (!Float.isNaN(value)) {
        assertThat(Half.fromFloat(value)).as("%a", value).isEqualTo(naive(value));
      }
    }
  }

  @Test
  void nanStaysNanWithItsSign() {
    assertThat(Half.fromFloat(Float.NaN)).isEqualTo((short) 0x7e00);
    assertThat(Half.fromFloat(Float.intBitsToFloat(0xff80_0001))).isEqualTo((short) 0xfe00);
    assertThat(Half.fromFloat(Float.POSITIVE_INFINITY)).isEqualTo((short) INFINITY);
    assertThat(Half.fromFloat(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xfc00);
  }

  /** The nearest of all halves, by bisection over their values. */
  private static short naive(float value) {
    double magnitude = Math.abs((double) value);
    int low = 0;
    int high = INFINITY;
    while (high - low > 1) {
      int middle = (low + high) / 2;
      if (value(middle) <= magnitude) {
        low = middle;
      } else {
        high = middle;
      }
    }
    double below = magnitude - value(low);
    double above = valueAbove(low) - magnitude;
    int nearest = below < above || (below == above && low % 2 == 0) ? low : low + 1;
    return (short) (Float.floatToRawIntBits(value) < 0 ? nearest | 0x8000 : nearest);
  }

  /** The next half's value; above the largest the power of two that rounding takes for it. */
  private static double valueAbove(int half) {
    return half == LARGEST ? 65536 : value(half + 1);
  }

  /** IEEE 754-2019, 3.4: of a half without its sign. */
  private static double value(int half) {
    int exponent = half >>> 10;
    int fraction = half & 0x3ff;
    if (exponent == 0x1f) {
      return Double.POSITIVE_INFINITY;
    }
    return exponent == 0
        ? fraction * Math.pow(2, -24)
        : (1024 + fraction) * Math.pow(2, exponent - 25);
  }
}
