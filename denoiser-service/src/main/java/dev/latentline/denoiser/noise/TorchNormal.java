package dev.latentline.denoiser.noise;

/**
 * A stream of normal noise as PyTorch's generator draws it on CPUs: torch.randn in fp32. Not
 * thread-safe.
 *
 * <p>Draws of 16 elements and more take 24 random bits each, which Box and Muller's transform turns
 * to noise 16 at a time; a rest takes bits of its own for the last 16. Shorter ones are drawn in
 * double precision, in pairs.
 */
final class TorchNormal {
  private static final int BLOCK = 16;
  private static final float UNIT_24 = 0x1p-24f;
  private static final double UNIT_53 = 0x1p-53;
  private static final float TURN = (float) (2 * Math.PI);

  private final MersenneTwister words;
  private double other;
  private boolean hasOther;

  /**
   * @param seed of which, as there, the lower 32 bits count
   */
  TorchNormal(long seed) {
    words = new MersenneTwister((int) seed);
  }

  /** The next draw. */
  float[] draw(int elements) {
    float[] noise = new float[elements];
    if (elements < BLOCK) {
      for (int i = 0; i < elements; i++) {
        noise[i] = (float) single();
      }
      return noise;
    }
    fillUniform(noise, 0);
    for (int block = 0; block + BLOCK <= elements; block += BLOCK) {
      transform(noise, block);
    }
    if (elements % BLOCK != 0) {
      fillUniform(noise, elements - BLOCK);
      transform(noise, elements - BLOCK);
    }
    return noise;
  }

  private void fillUniform(float[] values, int from) {
    for (int i = from; i < values.length; i++) {
      values[i] = (words.next() & 0xFFFFFF) * UNIT_24;
    }
  }

  private static void transform(float[] values, int from) {
    for (int i = from; i < from + BLOCK / 2; i++) {
      float radius = (float) Math.sqrt(-2f * Cephes.log(1 - values[i]));
      float angle = TURN * values[i + BLOCK / 2];
      values[i] = radius * Cephes.cos(angle);
      values[i + BLOCK / 2] = radius * Cephes.sin(angle);
    }
  }

  private double single() {
    if (hasOther) {
      hasOther = false;
      return other;
    }
    double angle = 2 * Math.PI * uniform();
    double radius = StrictMath.sqrt(-2 * StrictMath.log1p(-uniform()));
    other = radius * StrictMath.sin(angle);
    hasOther = true;
    return radius * StrictMath.cos(angle);
  }

  private double uniform() {
    long high = words.next();
    long low = words.next() & 0xFFFF_FFFFL;
    return (((high << 32) | low) & ((1L << 53) - 1)) * UNIT_53;
  }
}
