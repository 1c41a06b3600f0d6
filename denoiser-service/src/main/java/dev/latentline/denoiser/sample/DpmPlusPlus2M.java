package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * DPM-Solver++(2M) and its stochastic variant: algorithm 2 and appendix C of Lu et al. 2022
 * (arXiv:2211.01095); k-diffusion's sample_dpmpp_2m with eta 0, else its sample_dpmpp_2m_sde. The
 * first step and a last one to 0 are of first order.
 */
final class DpmPlusPlus2M implements SamplerStep {
  private final SamplerOptions options;
  private final boolean heun;

  /**
   * @param heun whether the second order's weight is exact for a denoised picture that is linear in
   *     log SNR, not that of the midpoint
   */
  DpmPlusPlus2M(SamplerOptions options, boolean heun) {
    this.options = options;
    this.heun = heun;
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    ExponentialStep step = ExponentialStep.of(state.step(), sigmas, options.eta());
    Sum next = Sum.of(step.kept(), state.latents()).plus(step.weight(), denoised);
    if (!state.history().isEmpty() && sigmas.to(state.step()) > 0) {
      double weight = heun ? step.second() : step.weight() / 2;
      double ofDifference = weight * step.h() / ExponentialStep.size(state.step() - 1, sigmas);
      next.plus(ofDifference, denoised).plus(-ofDifference, state.history().get(0));
    }
    return step.risen(state, next, List.of(denoised), options.noiseScale(), noise);
  }
}
