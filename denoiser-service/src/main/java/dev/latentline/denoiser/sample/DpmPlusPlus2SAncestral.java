package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * Ancestral sampling with DPM-Solver++(2S): algorithm 1 of Lu et al. 2022 (arXiv:2211.01095) with r
 * 1/2, down to the level below; k-diffusion's sample_dpmpp_2s_ancestral.
 */
final class DpmPlusPlus2SAncestral extends AncestralByMidpoint {
  DpmPlusPlus2SAncestral(SamplerOptions options) {
    super(options);
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    Ancestral ancestral = ancestral(state.step(), sigmas);
    if (state.call() == 0 && ancestral.down() > 0) {
      return state.asked(List.of(denoised));
    }
    double from = sigmas.from(state.step());
    float[] next = Euler.towards(state.latents(), denoised, from, ancestral.down());
    return ancestral.risen(state, next, noiseScale(), noise);
  }
}
