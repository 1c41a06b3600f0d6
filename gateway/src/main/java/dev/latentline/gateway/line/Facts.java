package dev.latentline.gateway.line;

import dev.latentline.contract.Stage;
import dev.latentline.kit.record.Records;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import io.smallrye.reactive.messaging.MutinyEmitter;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import org.eclipse.microprofile.reactive.messaging.Channel;

/** Writes facts to generation.event. */
@ApplicationScoped
public class Facts {
  private final MutinyEmitter<byte[]> channel;

  Facts(@Channel("generation-event-out") MutinyEmitter<byte[]> channel) {
    this.channel = channel;
  }

  /**
   * Publishes a fact about a generation, with id and time filled in, and waits for the broker.
   *
   * @throws dev.latentline.contract.Failure.Retryable when the broker does not have it in time
   */
  public void publish(GenerationRequest request, GenerationEvent.Builder fact) {
    publish(request.getGenerationId(), Instant.ofEpochMilli(request.getDeadlineMs()), fact);
  }

  /** The same where only id and deadline are known. */
  public void publish(String generationId, Instant deadline, GenerationEvent.Builder fact) {
    fact.setGenerationId(generationId).setAtMs(System.currentTimeMillis());
    Records.send(
        channel, Records.first(Stage.GATEWAY, generationId, deadline, generationId, fact.build()));
  }
}
