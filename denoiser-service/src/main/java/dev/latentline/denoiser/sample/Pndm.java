package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.ArrayList;
import java.util.List;

/**
 * PNDM without Runge-Kutta steps, also called PLMS: Liu et al. 2022 (arXiv:2202.09778), as
 * diffusers' PNDMScheduler with skip_prk_steps. The predicted noise is extrapolated with the
 * coefficients of Adams and Bashforth for even steps, up to fourth order. The first step asks the
 * network at both of its ends. It remembers predicted noise.
 */
final class Pndm implements SamplerStep {
  private static final double[][] COEFFICIENTS = {
    {1},
    {3 / 2., -1 / 2.},
    {23 / 12., -16 / 12., 5 / 12.},
    {55 / 24., -59 / 24., 37 / 24., -9 / 24.}
  };

  @Override
  public int calls(int step, Sigmas sigmas) {
    return step == 0 && sigmas.steps() > 1 ? 2 : 1;
  }

  @Override
  public Point asks(SamplerState state, Sigmas sigmas, NoiseDraws noise) {
    double from = sigmas.from(state.step());
    if (state.call() == 0) {
      return new Point(state.latents(), from);
    }
    double to = sigmas.to(state.step());
    return new Point(
        Sum.of(1, state.latents()).plus(to - from, state.history().get(0)).rounded(), to);
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    Point asked = asks(state, sigmas, noise);
    float[] predicted = Euler.derivative(asked.latents(), denoised, asked.sigma());
    double size = sigmas.to(state.step()) - sigmas.from(state.step());
    if (state.call() == 1) {
      // the average of both ends; only the first is remembered
      float[] next =
          Sum.of(1, state.latents())
              .plus(size / 2, state.history().get(0))
              .plus(size / 2, predicted)
              .rounded();
      return state.next(next, state.history());
    }
    if (calls(state.step(), sigmas) == 2) {
      return state.asked(List.of(predicted));
    }
    List<float[]> all = new ArrayList<>();
    all.add(predicted);
    all.addAll(state.history());
    double[] coefficients = COEFFICIENTS[all.size() - 1];
    Sum next = Sum.of(1, state.latents());
    for (int i = 0; i < all.size(); i++) {
      next.plus(size * coefficients[i], all.get(i));
    }
    return state.next(
        next.rounded(), all.subList(0, Math.min(all.size(), COEFFICIENTS.length - 1)));
  }
}
