package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * What the exponential integrators of Lu et al. 2022 (arXiv:2211.01095) and Gonzalez et al. 2023
 * (arXiv:2305.14267) have in common: over a step of size h in lambda = log(alpha / sigma), latents
 * fall by a factor, x0 comes in with a weight, and noise is added.
 *
 * @param h the step in lambda; infinite where it ends at 0
 * @param stretched h * (1 + eta)
 * @param kept the weight of the latents
 * @param weight that of x0
 * @param alphaTo alpha at the end
 * @param up standard deviation of the noise
 */
record ExponentialStep(
    double h, double stretched, double kept, double weight, double alphaTo, double up) {

  static ExponentialStep of(int step, Sigmas sigmas, double eta) {
    double to = sigmas.to(step);
    double alphaTo = sigmas.alpha(to);
    if (to == 0) {
      double infinite = Double.POSITIVE_INFINITY;
      return new ExponentialStep(infinite, infinite, 0, alphaTo, alphaTo, 0);
    }
    double h = size(step, sigmas);
    return new ExponentialStep(
        h,
        h * (1 + eta),
        to / sigmas.from(step) * StrictMath.exp(-eta * h),
        -alphaTo * StrictMath.expm1(-h * (1 + eta)),
        alphaTo,
        to * Math.sqrt(-StrictMath.expm1(-2 * eta * h)));
  }

  /** How far a step goes in lambda. */
  static double size(int step, Sigmas sigmas) {
    return sigmas.lambda(step + 1) - sigmas.lambda(step);
  }

  /** 1 - (1 - exp(-H)) / H with H = {@link #stretched}, times alpha: weighs a first difference. */
  double second() {
    return alphaTo + alphaTo * StrictMath.expm1(-stretched) / stretched;
  }

  /** The same of one order higher. */
  double third() {
    return second() / stretched - alphaTo / 2;
  }

  /** The state after the step: its noise is added, and this much is remembered. */
  SamplerState risen(
      SamplerState state,
      Sum latents,
      List<float[]> remembered,
      double scale,
      SamplerStep.NoiseDraws noise) {
    if (up == 0) {
      return state.next(latents.rounded(), remembered);
    }
    latents.plus(scale * up, noise.draw(state.draws()));
    return state.drew(1).next(latents.rounded(), remembered);
  }
}
