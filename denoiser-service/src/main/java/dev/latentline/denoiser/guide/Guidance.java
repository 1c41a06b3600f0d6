package dev.latentline.denoiser.guide;

/**
 * Classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598).
 *
 * @param scale how far to go beyond the answer without the prompt
 * @param rescale how much of what guidance adds to the variance is taken back, 0 to 1 (Lin et al.
 *     2023, arXiv:2305.08891, equations 14 to 16, as diffusers' guidance_rescale)
 */
public record Guidance(float scale, float rescale) {
  /**
   * Whether the network has to be asked without the prompt too. As in diffusers a scale of 1 or
   * less is no guidance: models that were distilled to do without it are asked with 0 or 1.
   */
  public boolean needsUnconditional() {
    return scale > 1;
  }

  /**
   * unconditional + scale * (conditional - unconditional), rescaled.
   *
   * @param predictions the network's answers for one picture, conditional first, one after the
   *     other
   * @param elements of one answer
   */
  public float[] combine(float[] predictions, int elements) {
    float[] combined = new float[elements];
    for (int i = 0; i < elements; i++) {
      float unconditional = predictions[elements + i];
      combined[i] = unconditional + scale * (predictions[i] - unconditional);
    }
    if (rescale > 0) {
      double factor = deviation(predictions, elements) / deviation(combined, elements);
      // no variance is not made more
      double kept = Double.isFinite(factor) ? rescale * factor + (1 - rescale) : 1;
      for (int i = 0; i < elements; i++) {
        combined[i] = (float) (combined[i] * kept);
      }
    }
    return combined;
  }

  /** The standard deviation of the first elements. */
  private static double deviation(float[] values, int elements) {
    double mean = 0;
    for (int i = 0; i < elements; i++) {
      mean += values[i];
    }
    mean /= elements;
    double squares = 0;
    for (int i = 0; i < elements; i++) {
      squares += (values[i] - mean) * (values[i] - mean);
    }
    return Math.sqrt(squares);
  }
}
