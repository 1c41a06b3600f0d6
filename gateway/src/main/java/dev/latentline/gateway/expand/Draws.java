package dev.latentline.gateway.expand;

/**
 * Numbers that follow from a seed: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom
 * number generators", OOPSLA 2014) from a state that is mixed from the seed, so that neighbouring
 * seeds have nothing in common. The same on every machine. Not thread-safe.
 */
public final class Draws {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
  private static final double ULP = 0x1p-53;
  private static final int UNUSED_BITS = 11;

  private long state;

  private Draws(long state) {
    this.state = state;
  }

  /** SplitMix64 as it is published, from its state. */
  static Draws from(long state) {
    return new Draws(state);
  }

  /** For the prompt of the picture with this seed. */
  public static Draws ofPrompt(long imageSeed) {
    return new Draws(mix(2 * imageSeed));
  }

  /** For its negative prompt: a choice there changes none of the prompt's. */
  public static Draws ofNegativePrompt(long imageSeed) {
    return new Draws(mix(2 * imageSeed + 1));
  }

  long next() {
    state += GOLDEN_GAMMA;
    return mix(state);
  }

  /** From 0 to below 1, all multiples of 2^-53 alike. */
  private double uniform() {
    return (next() >>> UNUSED_BITS) * ULP;
  }

  /** From 0 to below n. */
  long below(long n) {
    return Math.min(n - 1, (long) (uniform() * n));
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
