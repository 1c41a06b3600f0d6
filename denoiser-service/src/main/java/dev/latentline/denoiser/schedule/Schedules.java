package dev.latentline.denoiser.schedule;

import dev.latentline.contract.Schedule;
import dev.latentline.inference.catalogue.SchedulerConfig;

/** The sigmas that a request passes. */
public final class Schedules {
  private static final double RHO = 7;

  private Schedules() {}

  /**
   * The levels of a number of steps, and where they end: at 0.
   *
   * @param steps 1 to the number of training timesteps
   */
  public static Sigmas of(Schedule schedule, TrainedNoise trained, int steps) {
    return switch (schedule) {
      case NORMAL -> normal(trained, timesteps(trained.config(), steps), 0);
      case KARRAS -> karras(trained, steps);
    };
  }

  /**
   * The levels as DDIM was defined: {@link Schedule#NORMAL} ends at the first timestep of training
   * where the model's set_alpha_to_one is false. diffusers' DDIM goes from t to t - floor(T / n);
   * here a step ends where the next begins, which is the same when n divides the T timesteps of
   * training.
   */
  public static Sigmas ofDdim(Schedule schedule, TrainedNoise trained, int steps) {
    if (schedule != Schedule.NORMAL || trained.config().setAlphaToOne()) {
      return of(schedule, trained, steps);
    }
    return normal(trained, timesteps(trained.config(), steps), trained.sigma(0));
  }

  private static Sigmas normal(TrainedNoise trained, int[] timesteps, double end) {
    double[] levels = new double[timesteps.length + 1];
    double[] asked = new double[timesteps.length];
    for (int i = 0; i < timesteps.length; i++) {
      levels[i] = trained.sigma(timesteps[i]);
      asked[i] = timesteps[i];
    }
    levels[timesteps.length] = end;
    return new Sigmas(levels, asked);
  }

  /**
   * Equation 5 of Karras et al. 2022 (arXiv:2206.00364) between the highest and the lowest level of
   * training, as AUTOMATIC1111, ComfyUI and diffusers' DPMSolverMultistepScheduler have it.
   */
  private static Sigmas karras(TrainedNoise trained, int steps) {
    double max = StrictMath.pow(trained.sigma(trained.config().trainTimesteps() - 1), 1 / RHO);
    double min = StrictMath.pow(trained.sigma(0), 1 / RHO);
    double[] levels = new double[steps + 1];
    double[] asked = new double[steps];
    for (int i = 0; i < steps; i++) {
      double ramp = steps == 1 ? 0 : i / (steps - 1.0);
      levels[i] = StrictMath.pow(max + ramp * (min - max), RHO);
      asked[i] = trained.timestep(levels[i]);
    }
    return new Sigmas(levels, asked);
  }

  /** Descending; table 2 of Lin et al. 2023 (arXiv:2305.08891), rounded as diffusers does. */
  static int[] timesteps(SchedulerConfig config, int steps) {
    int trained = config.trainTimesteps();
    if (steps < 1 || steps > trained) {
      throw new IllegalArgumentException("1 to " + trained + " steps, not " + steps);
    }
    int[] timesteps = new int[steps];
    for (int i = 0; i < steps; i++) {
      double timestep =
          switch (config.timestepSpacing()) {
            case TRAILING -> Math.rint(trained - i * (trained / (double) steps)) - 1;
            case LEADING -> (steps - 1 - i) * (trained / steps) + config.stepsOffset();
            case LINSPACE ->
                steps == 1
                    ? trained - 1
                    : Math.rint((steps - 1 - i) * ((trained - 1.0) / (steps - 1)));
          };
      timesteps[i] = (int) Math.min(timestep, trained - 1.0);
    }
    return timesteps;
  }
}
