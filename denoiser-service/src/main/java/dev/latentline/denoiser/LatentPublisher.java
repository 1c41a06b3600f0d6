package dev.latentline.denoiser;

import dev.latentline.contract.Stage;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.payload.Payloads;
import dev.latentline.kit.record.Records;
import dev.latentline.kit.record.StageFacts;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.Denoised;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.LatentDenoised;
import dev.latentline.proto.v1.RuntimeClass;
import io.smallrye.reactive.messaging.MutinyEmitter;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.reactive.messaging.Channel;

/** Passes finished latents on to the decoder, and states that they are there. */
@ApplicationScoped
class LatentPublisher {
  private final Payloads payloads;
  private final StageFacts facts;
  private final MutinyEmitter<byte[]> denoised;

  LatentPublisher(
      Payloads payloads,
      StageFacts facts,
      @Channel("latent-denoised") MutinyEmitter<byte[]> denoised) {
    this.payloads = payloads;
    this.facts = facts;
    this.denoised = denoised;
  }

  /** Waits until the broker has the latents. */
  void passOn(WorkItem item, EmbeddingReady record, StepTask task, RuntimeClass runtime) {
    GenerationRequest request = record.getRequest();
    LatentDenoised latents =
        LatentDenoised.newBuilder()
            .setRequest(request)
            .setImageIndex(record.getImageIndex())
            .setLatents(payloads.put(request.getTenant(), TensorRecords.toFloat32(task.latents())))
            .setRuntimeClass(runtime)
            .build();
    Records.send(
        denoised, Records.following(Stage.DENOISER, item, task.plan().task().key(), latents));
  }

  /** Waits until the broker has the fact that they are there. */
  void tell(WorkItem item, EmbeddingReady record, RuntimeClass runtime) {
    facts.publish(
        item,
        GenerationEvent.newBuilder()
            .setDenoised(
                Denoised.newBuilder()
                    .setImageIndex(record.getImageIndex())
                    .setRuntimeClass(runtime)));
  }
}
