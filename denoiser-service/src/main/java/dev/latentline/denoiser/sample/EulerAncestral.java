package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;

/** Ancestral sampling with Euler's method; k-diffusion's sample_euler_ancestral. */
final class EulerAncestral implements SamplerStep {
  private final SamplerOptions options;

  EulerAncestral(SamplerOptions options) {
    this.options = options;
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    double from = sigmas.from(state.step());
    Ancestral ancestral = Ancestral.of(from, sigmas.to(state.step()), options.eta());
    float[] next = Euler.towards(state.latents(), denoised, from, ancestral.down());
    return ancestral.risen(state, next, options.noiseScale(), noise);
  }
}
