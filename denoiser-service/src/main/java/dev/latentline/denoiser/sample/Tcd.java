package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;

/**
 * Strategic stochastic sampling of trajectory consistency distillation: algorithm 4 of Zheng et al.
 * 2024 (arXiv:2402.19159), as diffusers' TCDScheduler. Every step goes down to a part of the next
 * timestep, and from there up to it with new noise; the last one adds none.
 */
final class Tcd implements SamplerStep {
  private final SamplerOptions options;

  /**
   * @param options of which eta is the paper's gamma, at most 1
   */
  Tcd(SamplerOptions options) {
    this.options = options;
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    int step = state.step();
    boolean last = step == sigmas.steps() - 1;
    double to = sigmas.to(step);
    // in floats as the original: which whole number is below decides
    float nextTimestep = last ? 0 : (float) sigmas.timestep(step + 1);
    double below =
        Math.min(to, sigmas.sigma(Math.floor((float) (1 - options.eta()) * nextTimestep)));
    float[] down = Euler.towards(state.latents(), denoised, sigmas.from(step), below);
    if (last || below == to) {
      return state.next(down);
    }
    double up = options.noiseScale() * Math.sqrt(to * to - below * below);
    return state.drew(1).next(Sum.of(1, down).plus(up, noise.draw(state.draws())).rounded());
  }
}
