package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;

/**
 * Noise before a step, which the step then takes away too: lines 4 to 6 of algorithm 2 of Karras et
 * al. 2022 (arXiv:2206.00364) at all levels, as k-diffusion's s_churn and s_noise.
 *
 * @param churn for the whole picture
 * @param noiseScale what the noise is multiplied by
 */
record Churn(double churn, double noiseScale) {
  private static final double MAX_GAMMA = Math.sqrt(2) - 1;

  Churn(SamplerOptions options) {
    this(options.churn(), options.noiseScale());
  }

  /** Where a step starts after the noise: the draw's number is {@code state.draws()}. */
  SamplerStep.Point start(SamplerState state, Sigmas sigmas, SamplerStep.NoiseDraws noise) {
    double sigma = sigmas.from(state.step());
    double raised = sigma * (1 + Math.min(churn / sigmas.steps(), MAX_GAMMA));
    if (draws() == 0) {
      return new SamplerStep.Point(state.latents(), sigma);
    }
    double up = Math.sqrt(raised * raised - sigma * sigma);
    float[] latents =
        Sum.of(1, state.latents()).plus(noiseScale * up, noise.draw(state.draws())).rounded();
    return new SamplerStep.Point(latents, raised);
  }

  /** How many a step takes. */
  int draws() {
    return churn > 0 ? 1 : 0;
  }
}
