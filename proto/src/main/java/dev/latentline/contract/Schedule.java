package dev.latentline.contract;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The noise schedules by their names in the API and in records; the sigmas are computed in the
 * denoiser.
 */
public enum Schedule {
  /** The model's own timesteps in its own spacing, as diffusers' scheduler of the sampler. */
  NORMAL("normal", "Normal"),
  /** Evenly spaced timesteps from the last of training to the first: AUTOMATIC1111's default. */
  UNIFORM("uniform", "Uniform"),
  /** Evenly spaced timesteps from the last of training, those of Stability's models. */
  SGM_UNIFORM("sgm_uniform", "SGM Uniform"),
  /** Every so-manieth sigma of training, from the highest. */
  SIMPLE("simple", "Simple"),
  /** Karras et al. 2022, equation 5, rho 7. */
  KARRAS("karras", "Karras"),
  /** Evenly spaced in log sigma. */
  EXPONENTIAL("exponential", "Exponential"),
  /** Quantiles of a beta distribution: dense at both ends. */
  BETA("beta", "Beta");

  private final String id;
  private final String label;

  Schedule(String id, String label) {
    this.id = id;
    this.label = label;
  }

  public String id() {
    return id;
  }

  /** The name that AUTOMATIC1111's infotext uses. */
  public String label() {
    return label;
  }

  public static Optional<Schedule> byId(String id) {
    return Arrays.stream(values()).filter(s -> s.id.equals(id)).findFirst();
  }

  public static List<String> ids() {
    return Arrays.stream(values()).map(Schedule::id).toList();
  }
}
