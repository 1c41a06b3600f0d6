package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.OptionalDouble;

/**
 * DDIM with eta 0: equation 12 of Song et al. 2021 (arXiv:2010.02502), as diffusers' DDIMScheduler.
 * In these coordinates it is Euler's method, but for one thing: x0 is held within the model's
 * range, while the direction stays that of the network's own answer.
 */
final class Ddim implements SamplerStep {
  private final double range;

  Ddim(OptionalDouble range) {
    this.range = range.orElse(Double.POSITIVE_INFINITY);
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    double kept = sigmas.to(state.step()) / sigmas.from(state.step());
    float[] latents = state.latents();
    float[] next = new float[latents.length];
    for (int i = 0; i < next.length; i++) {
      double held = Math.max(-range, Math.min(range, denoised[i]));
      next[i] = (float) (held + kept * ((double) latents[i] - denoised[i]));
    }
    return state.next(next);
  }
}
