package dev.latentline.local.command;

import dev.latentline.contract.Limits;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.inference.checkpoint.OrderedDefaults;
import dev.latentline.local.CliException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** What a model is asked with when a request leaves it out. */
final class DefaultsOptions {
  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "The model's default number of steps; 4 or so of Turbo and Lightning models.")
  private Integer steps;

  @Option(
      names = "--guidance-scale",
      paramLabel = "0..30",
      description = "The model's default guidance scale; 1 of Turbo and Lightning models.")
  private Float guidanceScale;

  @Option(names = "--sampler", paramLabel = "NAME", description = "The model's default sampler.")
  private String sampler;

  @Option(names = "--schedule", paramLabel = "NAME", description = "The model's default schedule.")
  private String schedule;

  /**
   * @throws CliException when one is out of its range
   */
  OrderedDefaults ordered() {
    if (steps != null && !(steps >= Limits.MIN_STEPS && steps <= Limits.MAX_STEPS)) {
      throw CliException.usage(
          "--steps must be " + Limits.MIN_STEPS + " to " + Limits.MAX_STEPS + ", not " + steps);
    }
    if (guidanceScale != null
        && !(guidanceScale >= Limits.MIN_GUIDANCE_SCALE
            && guidanceScale <= Limits.MAX_GUIDANCE_SCALE)) {
      throw CliException.usage(
          "--guidance-scale must be "
              + Limits.MIN_GUIDANCE_SCALE
              + " to "
              + Limits.MAX_GUIDANCE_SCALE
              + ", not "
              + guidanceScale);
    }
    return new OrderedDefaults(
        Optional.ofNullable(steps),
        Optional.ofNullable(guidanceScale),
        named("--sampler", sampler, Sampler::byId, Sampler.ids()),
        named("--schedule", schedule, Schedule::byId, Schedule.ids()));
  }

  private static <T> Optional<T> named(
      String option, String name, Function<String, Optional<T>> byId, List<String> ids) {
    if (name == null) {
      return Optional.empty();
    }
    Optional<T> found = byId.apply(name);
    if (found.isEmpty()) {
      throw CliException.usage(
          option + " must be one of " + String.join(", ", ids) + ", not " + name);
    }
    return found;
  }
}
