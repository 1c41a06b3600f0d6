package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;

/**
 * Euler's method on the probability flow ODE: algorithm 2 of Karras et al. 2022 (arXiv:2206.00364)
 * without churn and without the second-order correction; k-diffusion's sample_euler.
 */
final class Euler implements SamplerStep {
  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    double sigma = sigmas.from(state.step());
    return state.next(towards(state.latents(), denoised, sigma, sigmas.to(state.step())));
  }

  /** Along the straight line through x0 from one level to another. */
  static float[] towards(float[] latents, float[] denoised, double from, double to) {
    double kept = to / from;
    float[] next = new float[latents.length];
    for (int i = 0; i < next.length; i++) {
      next[i] = (float) (denoised[i] + kept * ((double) latents[i] - denoised[i]));
    }
    return next;
  }
}
