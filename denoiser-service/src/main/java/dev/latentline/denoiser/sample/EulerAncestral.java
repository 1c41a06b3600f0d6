package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;

/**
 * Ancestral sampling with Euler's method: every step goes below its level and returns to it with
 * new noise, so that the variances are those of DDPM (Ho et al. 2020, arXiv:2006.11239, and Song et
 * al. 2021, arXiv:2010.02502, equation 16 with eta 1); k-diffusion's sample_euler_ancestral.
 */
final class EulerAncestral implements SamplerStep {
  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    double from = sigmas.from(state.step());
    double to = sigmas.to(state.step());
    double share = to * to / (from * from);
    double up = Math.min(to, to * Math.sqrt(1 - share));
    double down = Math.sqrt(to * to - up * up);
    float[] next = Euler.towards(state.latents(), denoised, from, down);
    if (to == 0) {
      return state.next(next);
    }
    float[] drawn = noise.draw(state.draws());
    for (int i = 0; i < next.length; i++) {
      next[i] = (float) (next[i] + up * drawn[i]);
    }
    return new SamplerState(state.step() + 1, next, state.previousDenoised(), state.draws() + 1);
  }
}
