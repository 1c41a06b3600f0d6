package dev.latentline.denoiser.task;

import dev.latentline.denoiser.network.AddedInputs;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.Optional;
import java.util.stream.Stream;

/** What the arrays of a plan take. */
public final class PlanBytes {
  private PlanBytes() {}

  /** With those of the task's state. */
  public static long of(StepTask task) {
    long state =
        Stream.concat(Stream.of(task.state().latents()), task.state().history().stream())
            .mapToLong(values -> values.length)
            .sum();
    long x0 = task.denoised().map(values -> values.length).orElse(0);
    return of(task.plan()) + Float.BYTES * (state + x0);
  }

  static long of(TaskPlan plan) {
    return of(plan.contexts())
        + of(plan.added())
        + plan.masked().map(PlanBytes::of).orElse(0L)
        + plan.refinement().map(each -> of(each.contexts()) + of(each.added())).orElse(0L)
        + plan.steerings().stream().mapToLong(each -> each.picture().planes().length).sum();
  }

  private static long of(Optional<AddedInputs> added) {
    return added.stream()
        .flatMap(inputs -> inputs.byInput().values().stream())
        .mapToLong(PlanBytes::of)
        .sum();
  }

  private static long of(FloatTensor tensor) {
    return (long) Float.BYTES * tensor.data().length;
  }
}
