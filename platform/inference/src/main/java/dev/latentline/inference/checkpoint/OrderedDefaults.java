package dev.latentline.inference.checkpoint;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import java.util.Optional;

/** What a model is to be asked with when a request leaves it out, where whoever imports it says. */
public record OrderedDefaults(
    Optional<Integer> steps,
    Optional<Float> guidanceScale,
    Optional<Sampler> sampler,
    Optional<Schedule> schedule) {
  /** Whatever the checkpoint or its family says. */
  public static OrderedDefaults none() {
    return new OrderedDefaults(
        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /** Whether nothing is said. */
  public boolean areNone() {
    return equals(none());
  }
}
