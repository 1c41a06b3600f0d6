package dev.latentline.denoiser;

import dev.latentline.contract.Failure;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * What makes a picture's steps: the model, with ControlNets where the request has some, and where
 * the request has one the refiner, which makes the last ones.
 */
record PinnedModels(
    PoolModels pool, PoolModel model, List<ControlNetCard> controls, Optional<PoolModel> refiner) {
  /**
   * @throws Failure.Rejected with code {@code model_unavailable} when one of them is not the
   *     pool's, or {@code controlnet_unavailable}
   */
  static PinnedModels of(PoolModels pool, GenerationRequest request) {
    PoolModel model = pool.require(request.getModel());
    return new PinnedModels(
        pool,
        model,
        request.getControlsList().stream()
            .map(control -> pool.requireControlNet(control.getControlNet(), model))
            .toList(),
        request.hasRefiner()
            ? Optional.of(pool.require(request.getRefiner().getRefiner()))
            : Optional.empty());
  }

  /**
   * The network of a task's next step: one of the two at a time, so that they need not both have
   * room. LoRAs change the model alone, and ControlNets steer it alone.
   *
   * @param goOn as of {@link PoolModels#network}
   * @return empty when it is not wanted any more
   */
  Optional<HeldNetwork> network(StepTask task, GenerationRequest request, BooleanSupplier goOn) {
    return task.refines()
        ? pool.network(refiner.orElseThrow(), List.of(), List.of(), goOn)
        : pool.network(model, request.getLorasList(), controls, goOn);
  }
}
