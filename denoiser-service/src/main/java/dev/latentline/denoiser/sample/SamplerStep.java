package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;

/** One step of a sampler. Without state, so that any step can be made by anybody. */
@FunctionalInterface
public interface SamplerStep {
  /**
   * The state after step {@code state.step()}.
   *
   * @param denoised x0 that the network sees in state.latents
   * @param noise drawn from where the sampler adds noise
   */
  SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise);

  /** Draws of normal noise by number, each as long as the latents. */
  @FunctionalInterface
  interface NoiseDraws {
    float[] draw(int number);
  }
}
