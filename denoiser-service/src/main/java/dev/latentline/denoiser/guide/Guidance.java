package dev.latentline.denoiser.guide;

/** Classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598). */
public final class Guidance {
  private Guidance() {}

  /**
   * Whether the network has to be asked without the prompt too. As in diffusers a scale of 1 or
   * less is no guidance: models that were distilled to do without it are asked with 0 or 1.
   */
  public static boolean needsUnconditional(float scale) {
    return scale > 1;
  }

  /**
   * unconditional + scale * (conditional - unconditional).
   *
   * @param predictions the network's answers for one picture, conditional first, one after the
   *     other
   * @param elements of one answer
   */
  public static float[] combine(float[] predictions, int elements, float scale) {
    float[] combined = new float[elements];
    for (int i = 0; i < elements; i++) {
      float unconditional = predictions[elements + i];
      combined[i] = unconditional + scale * (predictions[i] - unconditional);
    }
    return combined;
  }
}
