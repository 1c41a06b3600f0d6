package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * Heun's method on the probability flow ODE: algorithm 2 of Karras et al. 2022 (arXiv:2206.00364);
 * k-diffusion's sample_heun. Each step but a last one to 0 asks the network at both of its ends. On
 * the levels of a model that was trained by flow matching it is diffusers'
 * FlowMatchHeunDiscreteScheduler.
 */
final class Heun implements SamplerStep {
  private final Churn churn;

  Heun(SamplerOptions options) {
    churn = new Churn(options);
  }

  @Override
  public int calls(int step, Sigmas sigmas) {
    return sigmas.to(step) == 0 ? 1 : 2;
  }

  @Override
  public Point asks(SamplerState state, Sigmas sigmas, NoiseDraws noise) {
    Point start = churn.start(state, sigmas, noise);
    if (state.call() == 0) {
      return start;
    }
    double to = sigmas.to(state.step());
    return new Point(Euler.towards(start.latents(), state.history().get(0), start.sigma(), to), to);
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    double to = sigmas.to(state.step());
    Point asked = asks(state, sigmas, noise);
    if (to == 0) {
      return state
          .drew(churn.draws())
          .next(Euler.towards(asked.latents(), denoised, asked.sigma(), to));
    }
    if (state.call() == 0) {
      return state.asked(List.of(denoised));
    }
    Point start = churn.start(state, sigmas, noise);
    double half = (to - start.sigma()) / 2;
    float[] next =
        Sum.of(1, start.latents())
            .plus(half, Euler.derivative(start.latents(), state.history().get(0), start.sigma()))
            .plus(half, Euler.derivative(asked.latents(), denoised, to))
            .rounded();
    return state.drew(churn.draws()).next(next);
  }
}
