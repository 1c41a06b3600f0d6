package dev.latentline.denoiser.schedule;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;

/** The sigmas that a request passes. */
public final class Schedules {
  private static final double RHO = 7;

  /** Both parameters of the beta distribution: Lee et al. 2024 (arXiv:2407.12173). */
  private static final double BETA = 0.6;

  private Schedules() {}

  /**
   * The levels of a number of steps.
   *
   * @param steps 1 to the number of training timesteps
   */
  public static Sigmas of(Sampler sampler, Schedule schedule, TrainedNoise trained, int steps) {
    int most = trained.config().trainTimesteps();
    if (steps < 1 || steps > most) {
      throw new IllegalArgumentException("1 to " + most + " steps, not " + steps);
    }
    Layout layout = Layout.of(sampler);
    boolean ownTimesteps = schedule == Schedule.NORMAL && !trained.isFlow();
    double[] own = ownTimesteps ? layout.timesteps(trained.config(), steps) : new double[steps];
    double[] levels = new double[steps + 1];
    double[] asked = new double[steps];
    for (int i = 0; i < steps; i++) {
      levels[i] = ownTimesteps ? layout.level(trained, own[i]) : level(schedule, trained, i, steps);
      asked[i] = ownTimesteps ? own[i] : trained.timestep(levels[i]);
      if (!trained.isFlow()) {
        asked[i] = layout.asked(asked[i]);
      }
    }
    levels[steps] = layout.end(trained, ownTimesteps);
    return new Sigmas(trained, levels, asked, layout.initialScale(trained, levels[0]));
  }

  /**
   * As AUTOMATIC1111 and ComfyUI have them, and diffusers where it has them over all of training.
   */
  private static double level(Schedule schedule, TrainedNoise trained, int index, int steps) {
    double part = index / (double) steps;
    double ramp = ramp(index, steps);
    double high = trained.highest();
    double low = trained.lowest();
    return switch (schedule) {
      case NORMAL -> ofFlow(trained, part, ramp);
      case UNIFORM -> evenly(trained, ramp);
      case SGM_UNIFORM ->
          trained.sigmaAt(between(trained.timestep(high), trained.timestep(low), part));
      // rounded in this order: 19 of 38 steps is at 499 levels of 1000, not at 500
      case SIMPLE ->
          trained.sigma(trained.levels() - 1 - (int) (index * (trained.levels() / (double) steps)));
      // equation 5 of Karras et al. 2022 (arXiv:2206.00364)
      case KARRAS ->
          StrictMath.pow(
              between(StrictMath.pow(high, 1 / RHO), StrictMath.pow(low, 1 / RHO), ramp), RHO);
      case EXPONENTIAL -> StrictMath.exp(between(StrictMath.log(high), StrictMath.log(low), ramp));
      case BETA -> between(low, high, BetaQuantile.symmetric(BETA, 1 - ramp));
    };
  }

  /**
   * As diffusers has them; schedules of other models are those of their timesteps.
   *
   * @param part of the steps that are done, 0 to below 1
   * @param ramp the same, but 1 at the last step
   */
  private static double ofFlow(TrainedNoise trained, double part, double ramp) {
    return switch (trained.config().timestepSpacing()) {
      // FluxPipeline asks for even parts of the whole time
      case TRAILING -> trained.sigmaAt(trained.levels() * (1 - part));
      // FlowMatchEulerDiscreteScheduler, where it is not asked
      case LEADING, LINSPACE -> evenly(trained, ramp);
    };
  }

  private static double evenly(TrainedNoise trained, double ramp) {
    double first = trained.timestep(trained.highest());
    return trained.sigmaAt(between(first, trained.timestep(trained.lowest()), ramp));
  }

  private static double ramp(int index, int steps) {
    return steps == 1 ? 0 : index / (steps - 1.0);
  }

  private static double between(double start, double end, double part) {
    return start + part * (end - start);
  }
}
