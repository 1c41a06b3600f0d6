package dev.latentline.denoiser.loop;

import dev.latentline.denoiser.network.NoisePredictor;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.inference.tensor.DenseTensor;
import java.util.Arrays;
import java.util.List;

/**
 * Steps of one kind take equally long and can share a call of their network.
 *
 * @param network by identity
 * @param latents channels, height, width
 * @param context tokens, width
 * @param fixedBatch whether the call has always the same rows
 */
record StepKind(
    NoisePredictor network, List<Long> latents, List<Long> context, boolean fixedBatch) {
  /** Of the steps of a task that a network makes. */
  static StepKind of(NoisePredictor network, StepTask task) {
    TaskPlan plan = task.plan();
    return new StepKind(
        network,
        Arrays.stream(plan.shape()).skip(1).boxed().toList(),
        Arrays.stream(plan.contextShape(task.state().step())).boxed().toList(),
        plan.deterministic());
  }

  int elements() {
    return DenseTensor.elements(latents.stream().mapToLong(Long::longValue).toArray());
  }
}
