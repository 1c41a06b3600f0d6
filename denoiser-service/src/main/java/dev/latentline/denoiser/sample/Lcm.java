package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;

/**
 * Multistep consistency sampling: algorithm 3 of Luo et al. 2023 (arXiv:2310.04378), as diffusers'
 * LCMScheduler. Every step goes to x0 and from there to the next level with new noise.
 */
final class Lcm implements SamplerStep {
  private static final double SIGMA_DATA = 0.5;
  private static final double TIMESTEP_SCALING = 10;

  private final SamplerOptions options;

  Lcm(SamplerOptions options) {
    this.options = options;
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    double from = sigmas.from(state.step());
    double scaled = sigmas.timestep(state.step()) * TIMESTEP_SCALING;
    double square = scaled * scaled + SIGMA_DATA * SIGMA_DATA;
    // the network saw latents of unit variance
    Sum next =
        Sum.of(scaled / Math.sqrt(square), denoised)
            .plus(SIGMA_DATA * SIGMA_DATA / square / Math.hypot(from, 1), state.latents());
    double to = sigmas.to(state.step());
    if (to == 0) {
      return state.next(next.rounded());
    }
    next.plus(options.noiseScale() * to, noise.draw(state.draws()));
    return state.drew(1).next(next.rounded());
  }
}
