package dev.latentline.denoiser.schedule;

import java.util.Arrays;

/**
 * The noise levels of one picture, addressed by step index. Immutable.
 *
 * <p>Step i goes from {@code from(i)} to {@code to(i)}; what a step starts at is where the one
 * before it ended.
 */
public final class Sigmas {
  private final double[] levels;
  private final double[] timesteps;

  /**
   * @param levels descending, one more than there are steps; only the last may be 0
   * @param timesteps what the network is asked at in each step
   */
  public Sigmas(double[] levels, double[] timesteps) {
    if (timesteps.length == 0 || levels.length != timesteps.length + 1) {
      throw new IllegalArgumentException("n steps have n + 1 levels, and there is at least one");
    }
    this.levels = levels.clone();
    this.timesteps = timesteps.clone();
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

  /** The timestep that the network is told; may lie between the trained ones. */
  public double timestep(int step) {
    return timesteps[step];
  }

  @Override
  public String toString() {
    return "Sigmas" + Arrays.toString(levels);
  }
}
