package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * UniPC of order 2 with B(h) = exp(h) - 1 on x0: algorithms 5 and 8 of Zhao et al. 2023
 * (arXiv:2302.04867), as diffusers' UniPCMultistepScheduler. An answer of the network first
 * corrects the latents that it was asked at, then the next ones are predicted. A step of which
 * nothing is remembered before and the last one are of first order.
 *
 * <p>It remembers the corrected latents of the step before, and x0 of one or two steps.
 */
final class UniPc implements SamplerStep {
  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    boolean begins = state.history().isEmpty();
    float[] corrected = begins ? state.latents() : corrected(state, denoised, sigmas);
    float[] next = predicted(state, corrected, denoised, sigmas);
    return state.next(
        next,
        begins
            ? List.of(corrected, denoised)
            : List.of(corrected, denoised, state.history().get(1)));
  }

  private static float[] predicted(
      SamplerState state, float[] corrected, float[] denoised, Sigmas sigmas) {
    ExponentialStep step = ExponentialStep.of(state.step(), sigmas, 0);
    Sum next = Sum.of(step.kept(), corrected).plus(step.weight(), denoised);
    if (!state.history().isEmpty() && state.step() < sigmas.steps() - 1) {
      double ratio = ExponentialStep.size(state.step() - 1, sigmas) / step.h();
      double ofDifference = step.weight() / 2 / ratio;
      next.plus(ofDifference, denoised).plus(-ofDifference, state.history().get(1));
    }
    return next.rounded();
  }

  /** The step before again, with the newest x0, which was not known then. */
  private static float[] corrected(SamplerState state, float[] denoised, Sigmas sigmas) {
    int before = state.step() - 1;
    ExponentialStep step = ExponentialStep.of(before, sigmas, 0);
    List<float[]> history = state.history();
    float[] older = history.get(1);
    Sum corrected = Sum.of(step.kept(), history.get(0)).plus(step.weight(), older);
    double ofNewest = 0.5;
    if (history.size() > 2) {
      // that step was of second order: solves the paper's R * rho = b for two unknowns
      double r = -ExponentialStep.size(before - 1, sigmas) / step.h();
      double b1 = step.second() / step.weight();
      double b2 = -2 * step.third() / step.weight();
      double ofOldest = (b1 - b2) / (1 - r);
      ofNewest = b1 - ofOldest;
      double ofDifference = step.weight() * ofOldest / r;
      corrected.plus(ofDifference, history.get(2)).plus(-ofDifference, older);
    }
    return corrected
        .plus(step.weight() * ofNewest, denoised)
        .plus(-step.weight() * ofNewest, older)
        .rounded();
  }
}
