package dev.latentline.denoiser.schedule;

import dev.latentline.inference.catalogue.SchedulerConfig;
import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;

/**
 * The noise levels that a model was trained at. Latents at a level are x = alpha * x0 + sigma *
 * noise. Immutable.
 *
 * <p>Of a model that was trained by diffusion, alpha is 1 and sigma of a timestep sqrt((1 - a) / a)
 * with a the cumulative product of 1 - beta (Ho et al. 2020, arXiv:2006.11239; the sigmas are those
 * of Karras et al. 2022, arXiv:2206.00364). Of one that was trained by flow matching (Lipman et al.
 * 2023, arXiv:2210.02747), alpha is 1 - sigma and sigma the shifted part of the time.
 */
public final class TrainedNoise {
  private static final double SMALLEST = 1e-10;

  private final SchedulerConfig config;
  private final boolean flow;
  private final double[] sigmas;
  private final double[] logSigmas;

  private TrainedNoise(SchedulerConfig config, double[] sigmas) {
    this.config = config;
    this.flow = config.predictionType() == PredictionType.FLOW;
    this.sigmas = sigmas;
    logSigmas = new double[sigmas.length];
    for (int t = 0; t < sigmas.length; t++) {
      logSigmas[t] = StrictMath.log(sigmas[t]);
    }
  }

  public static TrainedNoise of(SchedulerConfig config) {
    int steps = config.trainTimesteps();
    double[] sigmas = new double[steps];
    if (config.predictionType() == PredictionType.FLOW) {
      for (int t = 0; t < steps; t++) {
        sigmas[t] = shifted((t + 1.0) / steps, config.flowShift().factor());
      }
    } else {
      double[] cumulative = Betas.cumulative(config);
      for (int t = 0; t < steps; t++) {
        sigmas[t] = Math.sqrt((1 - cumulative[t]) / cumulative[t]);
      }
    }
    return new TrainedNoise(config, sigmas);
  }

  /**
   * The same for a picture of one size, by which the levels may be shifted.
   *
   * @param tokens how many tokens it is to the network
   */
  public TrainedNoise ofTokens(long tokens) {
    return config.flowShift().dynamic().isEmpty() ? this : of(config.ofTokens(tokens));
  }

  /** Esser et al. 2024 (arXiv:2403.03206), equation 23: more noise for larger pictures. */
  private static double shifted(double time, double shift) {
    return shift * time / (1 + (shift - 1) * time);
  }

  public SchedulerConfig config() {
    return config;
  }

  boolean isFlow() {
    return flow;
  }

  /** How many levels there are. */
  int levels() {
    return sigmas.length;
  }

  /** One of the levels, ascending from 0. */
  public double sigma(int level) {
    return sigmas[level];
  }

  public double lowest() {
    return sigmas[0];
  }

  public double highest() {
    return sigmas[sigmas.length - 1];
  }

  /** What x0 is multiplied by at a level. */
  public double alpha(double sigma) {
    return flow ? 1 - sigma : 1;
  }

  /**
   * Sigma of a timestep between the trained ones: linear in log sigma, as k-diffusion's t_to_sigma.
   */
  public double sigmaAt(double timestep) {
    if (flow) {
      return shifted(timestep / sigmas.length, config.flowShift().factor());
    }
    int low = (int) Math.max(0, Math.min(Math.floor(timestep), sigmas.length - 2.0));
    if (sigmas.length == 1 || timestep == low) {
      return sigmas[low];
    }
    double part = Math.max(0, Math.min(timestep - low, 1));
    return StrictMath.exp((1 - part) * logSigmas[low] + part * logSigmas[low + 1]);
  }

  /** The same linear in sigma, as diffusers' schedulers after k-diffusion. */
  double sigmaLinearlyAt(double timestep) {
    int low = (int) Math.max(0, Math.min(Math.floor(timestep), sigmas.length - 2.0));
    if (sigmas.length == 1) {
      return sigmas[0];
    }
    double part = timestep - low;
    return (1 - part) * sigmas[low] + part * sigmas[low + 1];
  }

  /**
   * The timestep that a network is told of a sigma: linear in log sigma between the trained ones
   * and held within them, as diffusers' and k-diffusion's sigma_to_t.
   */
  public double timestep(double sigma) {
    if (flow) {
      return sigma * sigmas.length;
    }
    double log = StrictMath.log(Math.max(sigma, SMALLEST));
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
