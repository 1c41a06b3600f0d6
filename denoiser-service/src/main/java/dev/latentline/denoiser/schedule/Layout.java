package dev.latentline.denoiser.schedule;

import dev.latentline.contract.Sampler;
import dev.latentline.inference.catalogue.SchedulerConfig;

/**
 * What diffusers' schedulers do each in their own way: which timesteps of training they take, and
 * where they end. The spacings are those of Lin et al. 2023 (arXiv:2305.08891), table 2.
 */
enum Layout {
  /** After k-diffusion: timesteps may lie between those of training. */
  SIGMAS,
  /** DDIM and PNDM. */
  TIMESTEPS,
  /** The multistep solvers: of one more than they need they leave out the last. */
  MULTISTEP,
  /** A multistep solver that cannot go to 0. */
  MULTISTEP_ABOVE_ZERO,
  /** LCM, distilled for timesteps of its own. */
  DISTILLED,
  /** TCD, the same and cannot go to 0. */
  DISTILLED_ABOVE_ZERO;

  /** In the place of infinity, where nothing is left of the picture. */
  private static final double NO_SIGNAL = 0x1p20;

  /** original_inference_steps of diffusers. */
  private static final int DISTILLED_STEPS = 50;

  static Layout of(Sampler sampler) {
    return switch (sampler) {
      case EULER, EULER_ANCESTRAL, HEUN, DPM2, DPM2_ANCESTRAL, DPMPP_2S_ANCESTRAL, DPMPP_SDE, LMS ->
          SIGMAS;
      case DDIM, PNDM -> TIMESTEPS;
      case DPMPP_2M, DPMPP_2M_SDE, DPMPP_2M_SDE_HEUN, DPMPP_3M_SDE, UNIPC -> MULTISTEP;
      case DEIS -> MULTISTEP_ABOVE_ZERO;
      case LCM -> DISTILLED;
      case TCD -> DISTILLED_ABOVE_ZERO;
    };
  }

  /** Descending. */
  double[] timesteps(SchedulerConfig config, int steps) {
    int trained = config.trainTimesteps();
    double[] timesteps = new double[steps];
    for (int i = 0; i < steps; i++) {
      timesteps[i] = Math.min(timestep(config, steps, i), trained - 1.0);
    }
    return timesteps;
  }

  /**
   * The level of a timestep. Where nothing is left of the picture, diffusers' schedulers that know
   * alphas alone are exact.
   */
  double level(TrainedNoise trained, double timestep) {
    boolean knowsSigmas = this == SIGMAS || this == MULTISTEP || this == MULTISTEP_ABOVE_ZERO;
    return !knowsSigmas
            && trained.config().rescaleBetasZeroSnr()
            && timestep == trained.levels() - 1.0
        ? NO_SIGNAL
        : trained.sigmaLinearlyAt(timestep);
  }

  private double timestep(SchedulerConfig config, int steps, int index) {
    int trained = config.trainTimesteps();
    int left = steps - 1 - index;
    if (this == DISTILLED || this == DISTILLED_ABOVE_ZERO) {
      int original = Math.min(Math.max(DISTILLED_STEPS, steps), trained);
      int taken = (int) Math.floor(index * (original / (double) steps));
      return (original - taken) * (trained / original) - 1.0;
    }
    boolean multistep = this == MULTISTEP || this == MULTISTEP_ABOVE_ZERO;
    return switch (config.timestepSpacing()) {
      case TRAILING -> Math.rint(trained - index * (trained / (double) steps)) - 1;
      case LEADING -> {
        if (multistep) {
          yield (left + 1.0) * (trained / (steps + 1)) + config.stepsOffset();
        }
        yield steps == 1 ? only(config) : left * (double) (trained / steps) + config.stepsOffset();
      }
      case LINSPACE -> {
        if (multistep) {
          yield Math.rint((left + 1) * ((trained - 1.0) / steps));
        }
        double even = steps == 1 ? only(config) : left * ((trained - 1.0) / (steps - 1));
        yield this == SIGMAS ? even : Math.rint(even);
      }
    };
  }

  /** Diffusers would take the lowest as the only one, from which nothing can be made. */
  private static double only(SchedulerConfig config) {
    return config.trainTimesteps() - 1.0;
  }

  /** What the network is told: all but k-diffusion round what lies between those of training. */
  double asked(double timestep) {
    return this == SIGMAS ? timestep : Math.rint(timestep);
  }

  /** Where the last step ends. */
  double end(TrainedNoise trained, boolean ownTimesteps) {
    return switch (this) {
      case SIGMAS, MULTISTEP, DISTILLED -> 0;
      case TIMESTEPS -> ownTimesteps && !trained.config().setAlphaToOne() ? trained.lowest() : 0;
      case MULTISTEP_ABOVE_ZERO, DISTILLED_ABOVE_ZERO -> trained.lowest();
    };
  }

  /** What the noise is multiplied by that a picture starts from. */
  double initialScale(TrainedNoise trained, double sigma) {
    boolean leading =
        switch (trained.config().timestepSpacing()) {
          case LEADING -> true;
          case TRAILING, LINSPACE -> false;
        };
    if (trained.isFlow() || (this == SIGMAS && !leading)) {
      return sigma;
    }
    // the network's first input is the noise itself
    return Math.sqrt(sigma * sigma + 1);
  }
}
