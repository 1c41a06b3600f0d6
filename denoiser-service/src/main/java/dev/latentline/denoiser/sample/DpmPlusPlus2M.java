package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.Optional;

/**
 * DPM-Solver++(2M): algorithm 2 of Lu et al. 2022 (arXiv:2211.01095) in sigmas, as k-diffusion's
 * sample_dpmpp_2m. The first step and a last one to 0 are of first order.
 */
final class DpmPlusPlus2M implements SamplerStep {
  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    double from = sigmas.from(state.step());
    double to = sigmas.to(state.step());
    float[] latents = state.latents();
    float[] next;
    if (to == 0 || state.previousDenoised().isEmpty()) {
      next = Euler.towards(latents, denoised, from, to);
    } else {
      // h and r of the paper: the step in log sigma, and the one before it in units of this
      double h = StrictMath.log(from / to);
      double r = StrictMath.log(sigmas.from(state.step() - 1) / from) / h;
      double older = 1 / (2 * r);
      float[] previous = state.previousDenoised().get();
      next = new float[latents.length];
      for (int i = 0; i < next.length; i++) {
        double extrapolated = (1 + older) * denoised[i] - older * previous[i];
        next[i] = (float) (extrapolated + to / from * (latents[i] - extrapolated));
      }
    }
    return new SamplerState(state.step() + 1, next, Optional.of(denoised), state.draws());
  }
}
