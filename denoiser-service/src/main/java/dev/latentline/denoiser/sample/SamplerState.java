package dev.latentline.denoiser.sample;

import java.util.Optional;

/**
 * Everything that a sampler needs to go on, at any replica. The arrays are not copied: nobody
 * writes to them any more.
 *
 * @param step how many steps are done, and the index of the next
 * @param latents x = x0 + sigma * noise at the level where the next step starts
 * @param previousDenoised x0 of the step before, for samplers that look back
 * @param draws how many draws of noise were used
 */
public record SamplerState(
    int step, float[] latents, Optional<float[]> previousDenoised, int draws) {

  /** Before the first step: the initial latents are draw 0. */
  public static SamplerState initial(float[] latents) {
    return new SamplerState(0, latents, Optional.empty(), 1);
  }

  SamplerState next(float[] nextLatents) {
    return new SamplerState(step + 1, nextLatents, Optional.empty(), draws);
  }
}
