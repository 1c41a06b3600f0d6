package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * DPM-Solver++(3M) on the stochastic equation: Lu et al. 2022 (arXiv:2211.01095) with a third
 * order; k-diffusion's sample_dpmpp_3m_sde. The first two steps are of first and second order, a
 * last one to 0 of first.
 */
final class DpmPlusPlus3MSde implements SamplerStep {
  private final SamplerOptions options;

  DpmPlusPlus3MSde(SamplerOptions options) {
    this.options = options;
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    ExponentialStep step = ExponentialStep.of(state.step(), sigmas, options.eta());
    Sum next = Sum.of(step.kept(), state.latents()).plus(step.weight(), denoised);
    List<float[]> history = state.history();
    if (sigmas.to(state.step()) > 0 && !history.isEmpty()) {
      // the paper's D1 and D2: divided differences, of which each is a sum of x0s
      double r0 = ExponentialStep.size(state.step() - 1, sigmas) / step.h();
      if (history.size() == 1) {
        next.plus(step.second() / r0, denoised).plus(-step.second() / r0, history.get(0));
      } else {
        double r1 = ExponentialStep.size(state.step() - 2, sigmas) / step.h();
        double newer = step.second() * (1 + r0 / (r0 + r1)) - step.third() / (r0 + r1);
        double older = (step.third() - step.second() * r0) / (r0 + r1);
        next.plus(newer / r0, denoised)
            .plus(older / r1 - newer / r0, history.get(0))
            .plus(-older / r1, history.get(1));
      }
    }
    List<float[]> remembered =
        history.isEmpty() ? List.of(denoised) : List.of(denoised, history.get(0));
    return step.risen(state, next, remembered, options.noiseScale(), noise);
  }
}
