package dev.latentline.denoiser.guide;

import java.util.Arrays;

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
   * The same for several prompts with their weights: what they add is told from what is there
   * without them.
   */
  public boolean needsUnconditional(float... weights) {
    return needsUnconditional() || !isOne(weights);
  }

  private static boolean isOne(float... weights) {
    return weights.length == 1 && weights[0] == 1;
  }

  /**
   * unconditional + the sum of scale * weight * (conditional - unconditional), rescaled; several
   * prompts as in composable diffusion (Liu et al. 2022, arXiv:2206.01714, equation 11).
   *
   * @param predictions the network's answers for one picture, those of the prompts first, one after
   *     the other
   * @param weights of the prompts
   * @param elements of one answer
   */
  public float[] combine(float[] predictions, float[] weights, int elements) {
    // without guidance several prompts are still combined, at a scale of 1
    float[] combined = combined(predictions, weights, elements, Math.max(scale, 1));
    if (rescale > 0) {
      float[] reference =
          isOne(weights) ? predictions : combined(predictions, weights, elements, 1);
      double factor = deviation(reference, elements) / deviation(combined, elements);
      // no variance is not made more
      double kept = Double.isFinite(factor) ? rescale * factor + (1 - rescale) : 1;
      for (int i = 0; i < elements; i++) {
        combined[i] = (float) (combined[i] * kept);
      }
    }
    return combined;
  }

  private static float[] combined(float[] predictions, float[] weights, int elements, float scale) {
    int last = weights.length * elements;
    float[] combined = Arrays.copyOfRange(predictions, last, last + elements);
    for (int prompt = 0; prompt < weights.length; prompt++) {
      float strength = scale * weights[prompt];
      for (int i = 0; i < elements; i++) {
        combined[i] += strength * (predictions[prompt * elements + i] - predictions[last + i]);
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
