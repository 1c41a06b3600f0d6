package dev.latentline.denoiser.guide;

/**
 * The guidance scale as networks are told it that were distilled with guidance in them (Luo et al.
 * 2023, arXiv:2310.04378): the sines and cosines of how far it is above 1, at falling frequencies.
 */
public final class GuidanceEmbedding {
  private static final float FASTEST = 1000;
  private static final float PERIODS = 10_000;

  private GuidanceEmbedding() {}

  /**
   * As diffusers' get_guidance_scale_embedding, in its fp32: the angles go to thousands, so that
   * the roundings are seen.
   *
   * @param scale 0 to 30
   * @param size how many numbers, at least 4; of an odd number the last is 0
   */
  public static float[] of(float scale, int size) {
    // the number that was written, not the nearest fp32, less 1
    float angle = (float) (Double.parseDouble(Float.toString(scale)) - 1) * FASTEST;
    int half = size / 2;
    float step = (float) StrictMath.log(PERIODS) / (half - 1);
    float[] embedding = new float[size];
    for (int i = 0; i < half; i++) {
      float frequency = (float) StrictMath.exp(i * -step);
      embedding[i] = (float) StrictMath.sin(angle * frequency);
      embedding[half + i] = (float) StrictMath.cos(angle * frequency);
    }
    return embedding;
  }
}
