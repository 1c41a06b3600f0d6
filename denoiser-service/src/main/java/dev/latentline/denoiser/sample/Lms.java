package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.ArrayList;
import java.util.List;

/**
 * The linear multistep method of Adams and Bashforth of up to fourth order with steps of any size;
 * k-diffusion's sample_lms, diffusers' LMSDiscreteScheduler. It remembers derivatives.
 */
final class Lms implements SamplerStep {
  private static final int ORDER = 4;

  /** Gauss and Legendre's two points are exact for cubic polynomials. */
  private static final double NODE = 1 / Math.sqrt(3);

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    List<float[]> derivatives = new ArrayList<>();
    derivatives.add(Euler.derivative(state.latents(), denoised, sigmas.from(state.step())));
    derivatives.addAll(state.history());
    Sum next = Sum.of(1, state.latents());
    for (int i = 0; i < derivatives.size(); i++) {
      next.plus(coefficient(state.step(), i, derivatives.size(), sigmas), derivatives.get(i));
    }
    return state.next(
        next.rounded(), derivatives.subList(0, Math.min(derivatives.size(), ORDER - 1)));
  }

  /** The integral over the step of the Lagrange polynomial that is 1 at one of the levels. */
  private static double coefficient(int step, int of, int order, Sigmas sigmas) {
    double middle = (sigmas.from(step) + sigmas.to(step)) / 2;
    double half = (sigmas.to(step) - sigmas.from(step)) / 2;
    double sum = 0;
    for (double at : new double[] {middle - half * NODE, middle + half * NODE}) {
      double product = 1;
      for (int other = 0; other < order; other++) {
        if (other != of) {
          double there = sigmas.from(step - other);
          product *= (at - there) / (sigmas.from(step - of) - there);
        }
      }
      sum += product;
    }
    return half * sum;
  }
}
