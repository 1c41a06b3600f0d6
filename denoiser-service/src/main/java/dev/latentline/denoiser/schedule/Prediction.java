package dev.latentline.denoiser.schedule;

import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;

/**
 * The border between samplers, which see x = alpha * x0 + sigma * noise and denoised x0, and a
 * network that was trained on inputs of unit variance to predict noise, velocity or x0.
 */
public final class Prediction {
  private Prediction() {}

  /**
   * What the network sees of latents at a level: c_in of Karras et al. 2022, table 1, "VP"; of flow
   * matching the latents themselves.
   */
  public static float[] networkInput(PredictionType type, float[] latents, double sigma) {
    return type == PredictionType.FLOW ? latents : scaled(latents, 1 / Math.hypot(sigma, 1));
  }

  /**
   * The denoised latents that the network's answer means.
   *
   * @param type epsilon: x0 = x - sigma * eps. v (Salimans and Ho 2022, arXiv:2202.00512): x0 =
   *     alpha * z - sqrt(1 - alpha^2) * v with z the network's input and alpha = 1 / sqrt(sigma^2 +
   *     1). sample: x0 itself. flow (Lipman et al. 2023, arXiv:2210.02747): x0 = x - sigma * v
   */
  public static float[] denoised(
      PredictionType type, float[] latents, float[] predicted, double sigma) {
    double square = sigma * sigma + 1;
    double ofLatents =
        switch (type) {
          case EPSILON, FLOW -> 1;
          case V_PREDICTION -> 1 / square;
          case SAMPLE -> 0;
        };
    double ofPredicted =
        switch (type) {
          case EPSILON, FLOW -> -sigma;
          case V_PREDICTION -> -sigma / Math.sqrt(square);
          case SAMPLE -> 1;
        };
    float[] denoised = new float[latents.length];
    for (int i = 0; i < denoised.length; i++) {
      denoised[i] = (float) (latents[i] * ofLatents + predicted[i] * ofPredicted);
    }
    return denoised;
  }

  /** Every element times a factor. */
  public static float[] scaled(float[] values, double factor) {
    float[] scaled = new float[values.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = (float) (values[i] * factor);
    }
    return scaled;
  }
}
