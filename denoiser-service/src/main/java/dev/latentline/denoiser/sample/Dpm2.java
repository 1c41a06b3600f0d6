package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * DPM-Solver-2, the midpoint method in log sigma: Lu et al. 2022 (arXiv:2206.00927), algorithm 1
 * with r 1/2, and algorithm 2 of Karras et al. 2022 around it; k-diffusion's sample_dpm_2. A last
 * step to 0 is Euler's.
 */
final class Dpm2 implements SamplerStep {
  private final Churn churn;

  Dpm2(SamplerOptions options) {
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
    double middle = Math.sqrt(start.sigma() * sigmas.to(state.step()));
    return new Point(
        Euler.towards(start.latents(), state.history().get(0), start.sigma(), middle), middle);
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
    float[] next =
        Sum.of(1, start.latents())
            .plus(to - start.sigma(), Euler.derivative(asked.latents(), denoised, asked.sigma()))
            .rounded();
    return state.drew(churn.draws()).next(next);
  }
}
