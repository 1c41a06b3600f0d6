package dev.latentline.gateway.owner;

import dev.latentline.contract.Stage;
import dev.latentline.kit.record.Records;
import dev.latentline.proto.v1.Cancel;
import dev.latentline.proto.v1.Control;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.GenerationRequested;
import io.smallrye.reactive.messaging.MutinyEmitter;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import org.eclipse.microprofile.reactive.messaging.Channel;

/**
 * What the owner tells the stages. Each call waits for the broker and throws {@code
 * Failure.Retryable} when it does not answer.
 */
@ApplicationScoped
class Orders {
  private final MutinyEmitter<byte[]> requested;
  private final MutinyEmitter<byte[]> control;

  Orders(
      @Channel("generation-requested") MutinyEmitter<byte[]> requested,
      @Channel("generation-control") MutinyEmitter<byte[]> control) {
    this.requested = requested;
    this.control = control;
  }

  /** Lets a generation into the line. */
  void dispatch(GenerationRequest request) {
    String id = request.getGenerationId();
    Records.send(
        requested,
        Records.first(
            Stage.GATEWAY,
            id,
            deadline(request),
            id,
            GenerationRequested.newBuilder().setRequest(request).build()));
  }

  /** Tells every stage to leave the generation alone. */
  void cancel(GenerationRequest request) {
    String id = request.getGenerationId();
    Records.send(
        control,
        Records.first(
            Stage.GATEWAY,
            id,
            deadline(request),
            id,
            Control.newBuilder()
                .setGenerationId(id)
                .setCancel(Cancel.getDefaultInstance())
                .setDeadlineMs(request.getDeadlineMs())
                .build()));
  }

  private static Instant deadline(GenerationRequest request) {
    return Instant.ofEpochMilli(request.getDeadlineMs());
  }
}
