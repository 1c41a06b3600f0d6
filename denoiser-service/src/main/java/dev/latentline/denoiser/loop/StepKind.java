package dev.latentline.denoiser.loop;

import dev.latentline.denoiser.network.NoisePredictor;
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
  static StepKind of(NoisePredictor network, TaskPlan plan) {
    return new StepKind(
        network, ofOne(plan.shape()), ofOne(plan.contexts().shape()), plan.deterministic());
  }

  private static List<Long> ofOne(long[] batched) {
    return Arrays.stream(batched).skip(1).boxed().toList();
  }

  int elements() {
    return DenseTensor.elements(latents.stream().mapToLong(Long::longValue).toArray());
  }
}
