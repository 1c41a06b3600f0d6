package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * Ancestral sampling with DPM-Solver++(2S): algorithm 1 of Lu et al. 2022 (arXiv:2211.01095) with r
 * 1/2, down to the level below; k-diffusion's sample_dpmpp_2s_ancestral.
 */
final class DpmPlusPlus2SAncestral implements SamplerStep {
  private final SamplerOptions options;

  DpmPlusPlus2SAncestral(SamplerOptions options) {
    this.options = options;
  }

  private Ancestral ancestral(int step, Sigmas sigmas) {
    return Ancestral.of(sigmas.from(step), sigmas.to(step), options.eta());
  }

  @Override
  public int calls(int step, Sigmas sigmas) {
    return ancestral(step, sigmas).down() == 0 ? 1 : 2;
  }

  @Override
  public Point asks(SamplerState state, Sigmas sigmas, NoiseDraws noise) {
    double from = sigmas.from(state.step());
    if (state.call() == 0) {
      return new Point(state.latents(), from);
    }
    double middle = Math.sqrt(from * ancestral(state.step(), sigmas).down());
    return new Point(Euler.towards(state.latents(), state.history().get(0), from, middle), middle);
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    Ancestral ancestral = ancestral(state.step(), sigmas);
    if (state.call() == 0 && ancestral.down() > 0) {
      return state.asked(List.of(denoised));
    }
    double from = sigmas.from(state.step());
    float[] next = Euler.towards(state.latents(), denoised, from, ancestral.down());
    return ancestral.risen(state, next, options.noiseScale(), noise);
  }
}
