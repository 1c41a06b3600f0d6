package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * Ancestral sampling with DPM-Solver-2: {@link Dpm2}'s step down to the level below; k-diffusion's
 * sample_dpm_2_ancestral.
 */
final class Dpm2Ancestral extends AncestralByMidpoint {
  Dpm2Ancestral(SamplerOptions options) {
    super(options);
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    double from = sigmas.from(state.step());
    Ancestral ancestral = ancestral(state.step(), sigmas);
    if (ancestral.down() == 0) {
      return ancestral.risen(
          state, Euler.towards(state.latents(), denoised, from, 0), noiseScale(), noise);
    }
    if (state.call() == 0) {
      return state.asked(List.of(denoised));
    }
    Point middle = asks(state, sigmas, noise);
    float[] next =
        Sum.of(1, state.latents())
            .plus(
                ancestral.down() - from,
                Euler.derivative(middle.latents(), denoised, middle.sigma()))
            .rounded();
    return ancestral.risen(state, next, noiseScale(), noise);
  }
}
