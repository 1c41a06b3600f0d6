package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;

/**
 * Euler's method on the probability flow ODE: algorithm 2 of Karras et al. 2022 (arXiv:2206.00364)
 * without the second-order correction; k-diffusion's sample_euler. On the levels of a model that
 * was trained by flow matching it is diffusers' FlowMatchEulerDiscreteScheduler.
 */
final class Euler implements SamplerStep {
  private final Churn churn;

  Euler(SamplerOptions options) {
    churn = new Churn(options);
  }

  @Override
  public Point asks(SamplerState state, Sigmas sigmas, NoiseDraws noise) {
    return churn.start(state, sigmas, noise);
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    Point start = asks(state, sigmas, noise);
    return state
        .drew(churn.draws())
        .next(towards(start.latents(), denoised, start.sigma(), sigmas.to(state.step())));
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

  /** dx / dsigma. */
  static float[] derivative(float[] latents, float[] denoised, double sigma) {
    float[] derivative = new float[latents.length];
    for (int i = 0; i < derivative.length; i++) {
      derivative[i] = (float) (((double) latents[i] - denoised[i]) / sigma);
    }
    return derivative;
  }
}
