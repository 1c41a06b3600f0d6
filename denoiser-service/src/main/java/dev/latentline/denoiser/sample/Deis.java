package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * DEIS, log-rho AB of second order: Zhang and Chen 2022 (arXiv:2204.13902), as diffusers'
 * DEISMultistepScheduler. It ends above 0. The first step is of first order, and so is the last of
 * less than 15. It remembers the predicted noise.
 */
final class Deis implements SamplerStep {
  private static final int FEW_STEPS = 15;

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    int step = state.step();
    double from = sigmas.from(step);
    double to = sigmas.to(step);
    float[] predicted = Euler.derivative(state.latents(), denoised, from);
    Sum next = Sum.of(1, state.latents());
    if (state.history().isEmpty() || (step == sigmas.steps() - 1 && sigmas.steps() < FEW_STEPS)) {
      next.plus(to - from, predicted);
    } else {
      double before = sigmas.from(step - 1);
      next.plus(integral(to, from, before) - integral(from, from, before), predicted);
      next.plus(integral(to, before, from) - integral(from, before, from), state.history().get(0));
    }
    return state.next(next.rounded(), List.of(predicted));
  }

  /** Of the polynomial in log sigma that is 1 at one level and 0 at another. */
  private static double integral(double at, double one, double zero) {
    return at * (StrictMath.log(at / zero) - 1) / StrictMath.log(one / zero);
  }
}
