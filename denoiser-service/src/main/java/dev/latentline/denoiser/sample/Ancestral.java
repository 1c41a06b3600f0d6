package dev.latentline.denoiser.sample;

/**
 * A step to a level in two: without noise to one below, and with new noise up to it, so that the
 * variances are those of DDPM (Ho et al. 2020, arXiv:2006.11239; Song et al. 2021,
 * arXiv:2010.02502, equation 16); k-diffusion's get_ancestral_step.
 *
 * @param down the level below
 * @param up standard deviation of the noise
 */
record Ancestral(double down, double up) {
  static Ancestral of(double from, double to, double eta) {
    double share = to * to / (from * from);
    double up = Math.min(to, eta * to * Math.sqrt(1 - share));
    return new Ancestral(Math.sqrt(to * to - up * up), up);
  }

  /** The state after a step that got down; noise is drawn where there is any to be added. */
  SamplerState risen(
      SamplerState state, float[] latents, double scale, SamplerStep.NoiseDraws noise) {
    if (up == 0) {
      return state.next(latents);
    }
    float[] drawn = noise.draw(state.draws());
    return state.drew(1).next(Sum.of(1, latents).plus(scale * up, drawn).rounded());
  }
}
