package dev.latentline.denoiser.noise;

/**
 * Normal noise as PyTorch draws it on an NVIDIA GPU, and as AUTOMATIC1111 does with the random
 * number source "NV": {@link Philox} keyed by the seed, its counter made of the number of the draw
 * and the element's index, and the sine half of Box and Muller's transform.
 *
 * <p>Every element is a function of seed, draw and index: independent of batch, replica, order and
 * crash. The functions are those of {@link StrictMath}, so that all machines agree to the last bit.
 */
public final class Noise {
  private static final double UNIT = 0x1p-32;

  /** A float, as in the originals, not the nearest double. */
  private static final double TURN = (float) (2.3283064e-10 * 6.2831855);

  private Noise() {}

  /**
   * One draw.
   *
   * @param seed all 64 bits count
   * @param drawNumber from 0, the initial latents; later draws are a sampler's
   * @param elements how many, row-major over channels, height and width
   */
  public static float[] draw(long seed, int drawNumber, int elements) {
    float[] noise = new float[elements];
    int[] words = new int[4];
    for (int i = 0; i < elements; i++) {
      words[0] = drawNumber;
      words[1] = 0;
      words[2] = i;
      words[3] = 0;
      Philox.replace(words, (int) seed, (int) (seed >>> 32));
      noise[i] = boxMuller(words[0], words[1]);
    }
    return noise;
  }

  private static float boxMuller(int first, int second) {
    double u = Integer.toUnsignedLong(first) * UNIT + UNIT / 2;
    double angle = Integer.toUnsignedLong(second) * TURN + TURN / 2;
    return (float) (StrictMath.sqrt(-2 * StrictMath.log(u)) * StrictMath.sin(angle));
  }
}
