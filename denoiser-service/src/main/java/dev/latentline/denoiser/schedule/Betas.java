package dev.latentline.denoiser.schedule;

import dev.latentline.inference.catalogue.SchedulerConfig;

/** The variances that were added in training, as far as they are left at each timestep. */
final class Betas {
  /** What diffusers puts in the place of 0, so that the highest sigma is 4096. */
  private static final double LEAST_SIGNAL = 0x1p-24;

  private Betas() {}

  /** The cumulative products of 1 - beta, descending. */
  static double[] cumulative(SchedulerConfig config) {
    double[] cumulative = new double[config.trainTimesteps()];
    double product = 1;
    for (int t = 0; t < cumulative.length; t++) {
      product *= 1 - beta(config, t);
      cumulative[t] = product;
    }
    return config.rescaleBetasZeroSnr() ? withoutSignalAtTheEnd(cumulative) : cumulative;
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

  /** Algorithm 1 of Lin et al. 2023 (arXiv:2305.08891). */
  private static double[] withoutSignalAtTheEnd(double[] cumulative) {
    double first = Math.sqrt(cumulative[0]);
    double last = Math.sqrt(cumulative[cumulative.length - 1]);
    double[] rescaled = new double[cumulative.length];
    for (int t = 0; t < rescaled.length; t++) {
      double root = (Math.sqrt(cumulative[t]) - last) * first / (first - last);
      rescaled[t] = root * root;
    }
    rescaled[rescaled.length - 1] = LEAST_SIGNAL;
    return rescaled;
  }
}
