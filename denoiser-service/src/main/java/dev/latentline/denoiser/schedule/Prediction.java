package dev.latentline.denoiser.schedule;

import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;

/**
 * The border between samplers, which see x = x0 + sigma * noise and denoised x0, and a network that
 * was trained on inputs of unit variance to predict noise or velocity.
 */
public final class Prediction {
  private Prediction() {}

  /** Latents to start from: noise in the variance that the network's first input has. */
  public static float[] initialLatents(float[] noise, double sigma) {
    return scaled(noise, Math.sqrt(sigma * sigma + 1));
  }

  /** What the network sees of latents at a level: c_in of Karras et al. 2022, table 1, "VP". */
  public static float[] networkInput(float[] latents, double sigma) {
    return scaled(latents, 1 / Math.sqrt(sigma * sigma + 1));
  }

  /**
   * The denoised latents that the network's answer means.
   *
   * @param type epsilon: x0 = x - sigma * eps. v (Salimans and Ho 2022, arXiv:2202.00512): x0 =
   *     alpha * z - sqrt(1 - alpha^2) * v with z the network's input and alpha = 1 / sqrt(sigma^2 +
   *     1)
   */
  public static float[] denoised(
      PredictionType type, float[] latents, float[] predicted, double sigma) {
    double square = sigma * sigma + 1;
    double ofLatents =
        switch (type) {
          case EPSILON -> 1;
          case V_PREDICTION -> 1 / square;
        };
    double ofPredicted =
        switch (type) {
          case EPSILON -> sigma;
          case V_PREDICTION -> sigma / Math.sqrt(square);
        };
    float[] denoised = new float[latents.length];
    for (int i = 0; i < denoised.length; i++) {
      denoised[i] = (float) (latents[i] * ofLatents - predicted[i] * ofPredicted);
    }
    return denoised;
  }

  private static float[] scaled(float[] values, double factor) {
    float[] scaled = new float[values.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = (float) (values[i] * factor);
    }
    return scaled;
  }
}
