package dev.latentline.denoiser.schedule;

import java.util.Arrays;

/**
 * The noise levels of one picture, addressed by step index. Immutable.
 *
 * <p>Step i goes from {@code from(i)} to {@code to(i)}; what a step starts at is where the one
 * before it ended.
 */
public final class Sigmas {
  /** So that a first level without any signal has a logarithm; diffusers' eps. */
  private static final double LEAST_ALPHA = 1e-6;

  private final TrainedNoise trained;
  private final double[] levels;
  private final double[] timesteps;
  private final double initialScale;

  /**
   * @param trained what lies between the levels
   * @param levels not ascending, one more than there are steps; only the last may be 0
   * @param timesteps what the network is told in each step
   * @param initialScale what the noise is multiplied by that a picture starts from
   */
  Sigmas(TrainedNoise trained, double[] levels, double[] timesteps, double initialScale) {
    if (timesteps.length == 0 || levels.length != timesteps.length + 1) {
      throw new IllegalArgumentException("n steps have n + 1 levels, and there is at least one");
    }
    this.trained = trained;
    this.levels = levels.clone();
    this.timesteps = timesteps.clone();
    this.initialScale = initialScale;
  }

  public int steps() {
    return timesteps.length;
  }

  /** The level at which a step starts; positive. */
  public double from(int step) {
    return levels[step];
  }

  /** The level at which a step ends. */
  public double to(int step) {
    return levels[step + 1];
  }

  /** What x0 is multiplied by in latents of a level. */
  public double alpha(double sigma) {
    return trained.alpha(sigma);
  }

  /** log(alpha / sigma) where a step starts. */
  public double lambda(int step) {
    double sigma = levels[step];
    return StrictMath.log(Math.max(trained.alpha(sigma), LEAST_ALPHA) / sigma);
  }

  /**
   * The timestep that the network is told where a step starts; may lie between the trained ones.
   */
  public double timestep(int step) {
    return timesteps[step];
  }

  /** The timestep that the network is told within a step. */
  public double timestep(int step, double sigma) {
    if (sigma == levels[step]) {
      return timesteps[step];
    }
    return step + 1 < timesteps.length && sigma == levels[step + 1]
        ? timesteps[step + 1]
        : trained.timestep(sigma);
  }

  /** Sigma of a timestep. */
  public double sigma(double timestep) {
    return trained.sigmaAt(timestep);
  }

  /** What the noise is multiplied by that a picture starts from. */
  public double initialScale() {
    return initialScale;
  }

  @Override
  public String toString() {
    return "Sigmas" + Arrays.toString(levels);
  }
}
