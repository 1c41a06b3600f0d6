package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;

/**
 * DDIM: equation 12 of Song et al. 2021 (arXiv:2010.02502), as diffusers' DDIMScheduler. In these
 * coordinates it is Euler's method, with eta 1 Euler's ancestral one, but for one thing: x0 is held
 * within the model's range, while the direction stays that of the network's own answer.
 */
final class Ddim implements SamplerStep {
  private final SamplerOptions options;
  private final double range;

  Ddim(SamplerOptions options) {
    this.options = options;
    this.range = options.range().orElse(Double.POSITIVE_INFINITY);
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    double from = sigmas.from(state.step());
    Ancestral ancestral = Ancestral.of(from, sigmas.to(state.step()), options.eta());
    double kept = ancestral.down() / from;
    float[] latents = state.latents();
    float[] next = new float[latents.length];
    for (int i = 0; i < next.length; i++) {
      double held = Math.max(-range, Math.min(range, denoised[i]));
      next[i] = (float) (held + kept * ((double) latents[i] - denoised[i]));
    }
    return ancestral.risen(state, next, options.noiseScale(), noise);
  }
}
