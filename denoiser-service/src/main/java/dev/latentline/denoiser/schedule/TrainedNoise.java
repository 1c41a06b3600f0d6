package dev.latentline.denoiser.schedule;

import dev.latentline.inference.catalogue.SchedulerConfig;

/**
 * The noise levels that a model was trained at: sigma of each timestep, sqrt((1 - a) / a) with a
 * the cumulative product of 1 - beta (Ho et al. 2020, arXiv:2006.11239; the sigmas are those of
 * Karras et al. 2022, arXiv:2206.00364). Ascending. Immutable.
 */
public final class TrainedNoise {
  private final SchedulerConfig config;
  private final double[] sigmas;
  private final double[] logSigmas;

  private TrainedNoise(SchedulerConfig config, double[] sigmas, double[] logSigmas) {
    this.config = config;
    this.sigmas = sigmas;
    this.logSigmas = logSigmas;
  }

  public static TrainedNoise of(SchedulerConfig config) {
    int steps = config.trainTimesteps();
    double[] sigmas = new double[steps];
    double[] logSigmas = new double[steps];
    double cumulative = 1;
    for (int t = 0; t < steps; t++) {
      cumulative *= 1 - beta(config, t);
      sigmas[t] = Math.sqrt((1 - cumulative) / cumulative);
      logSigmas[t] = StrictMath.log(sigmas[t]);
    }
    return new TrainedNoise(config, sigmas, logSigmas);
  }

  private static double beta(SchedulerConfig config, int timestep) {
    double at = config.trainTimesteps() == 1 ? 0 : timestep / (config.trainTimesteps() - 1.0);
    return switch (config.betaSchedule()) {
      case LINEAR -> between(config.betaStart(), config.betaEnd(), at);
      case SCALED_LINEAR -> {
        double root = between(Math.sqrt(config.betaStart()), Math.sqrt(config.betaEnd()), at);
        yield root * root;
      }
    };
  }

  private static double between(double start, double end, double at) {
    return start + (end - start) * at;
  }

  public SchedulerConfig config() {
    return config;
  }

  /** Sigma of a timestep. */
  public double sigma(int timestep) {
    return sigmas[timestep];
  }

  /**
   * The timestep of a sigma, linear in log sigma between the trained ones and held within them, as
   * diffusers' and k-diffusion's sigma_to_t.
   */
  public double timestep(double sigma) {
    double log = StrictMath.log(Math.max(sigma, 1e-10));
    int low = 0;
    int high = logSigmas.length - 1;
    if (high == 0 || log <= logSigmas[0]) {
      return 0;
    }
    if (log >= logSigmas[high]) {
      return high;
    }
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (logSigmas[middle] <= log) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low + (log - logSigmas[low]) / (logSigmas[high] - logSigmas[low]);
  }
}
