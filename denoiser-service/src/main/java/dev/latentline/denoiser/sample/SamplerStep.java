package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;

/**
 * The steps of a sampler. Without state, so that any part of any step can be made by anybody: a
 * step asks the network once or twice, and between two answers everything is in the {@link
 * SamplerState}.
 */
public interface SamplerStep {
  /** Where the network is asked next. */
  default Point asks(SamplerState state, Sigmas sigmas, NoiseDraws noise) {
    return new Point(state.latents(), sigmas.from(state.step()));
  }

  /**
   * The state after the network has answered.
   *
   * @param denoised x0 that the network sees in {@link #asks}'s latents
   * @param noise drawn from where the sampler adds noise
   */
  SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise);

  /** How often a step asks the network. */
  default int calls(int step, Sigmas sigmas) {
    return 1;
  }

  /** Latents and the level that they are at. */
  record Point(float[] latents, double sigma) {}

  /** Draws of normal noise by number, each as long as the latents. */
  @FunctionalInterface
  interface NoiseDraws {
    float[] draw(int number);
  }
}
