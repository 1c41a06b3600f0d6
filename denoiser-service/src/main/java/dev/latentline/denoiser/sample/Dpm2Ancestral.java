package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * Ancestral sampling with DPM-Solver-2: {@link Dpm2}'s step down to the level below; k-diffusion's
 * sample_dpm_2_ancestral.
 */
final class Dpm2Ancestral implements SamplerStep {
  private final SamplerOptions options;

  Dpm2Ancestral(SamplerOptions options) {
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
    double from = sigmas.from(state.step());
    Ancestral ancestral = ancestral(state.step(), sigmas);
    if (ancestral.down() == 0) {
      return ancestral.risen(
          state, Euler.towards(state.latents(), denoised, from, 0), options.noiseScale(), noise);
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
    return ancestral.risen(state, next, options.noiseScale(), noise);
  }
}
