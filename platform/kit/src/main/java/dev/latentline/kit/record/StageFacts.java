package dev.latentline.kit.record;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Stage;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.ImageFailed;
import io.quarkus.arc.properties.UnlessBuildProperty;
import io.smallrye.reactive.messaging.MutinyEmitter;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.OptionalInt;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.jboss.logging.Logger;

/** The facts that a stage adds to generation.event about the item it works at. */
@ApplicationScoped
@UnlessBuildProperty(name = "latentline.stage", stringValue = "gateway")
public class StageFacts {
  private static final Logger LOG = Logger.getLogger(StageFacts.class);

  private final Stage stage;
  private final MutinyEmitter<byte[]> channel;

  StageFacts(
      @ConfigProperty(name = "latentline.stage") String stage,
      @Channel("generation-event") MutinyEmitter<byte[]> channel) {
    this.stage = Stage.byId(stage);
    this.channel = channel;
  }

  /**
   * Publishes a fact, with id and time filled in, and waits for the broker.
   *
   * @throws Failure.Retryable when the broker does not have it in time
   */
  public void publish(WorkItem item, GenerationEvent.Builder fact) {
    fact.setGenerationId(item.generationId()).setAtMs(System.currentTimeMillis());
    Records.send(channel, Records.following(stage, item, item.generationId(), fact.build()));
  }

  /**
   * Says that a picture, or every picture of the generation when no index is given, can never be
   * made. The item is done then: its stage returns.
   */
  public void imageFailed(WorkItem item, OptionalInt imageIndex, Failure.Rejected reason) {
    LOG.warnf(
        "generation=%s key=%s cannot be made: %s: %s",
        item.generationId(), item.key(), reason.code(), reason.getMessage());
    ImageFailed.Builder failed =
        ImageFailed.newBuilder()
            .setStage(stage.id())
            .setCode(reason.code())
            .setMessage(reason.getMessage());
    imageIndex.ifPresent(failed::setImageIndex);
    publish(item, GenerationEvent.newBuilder().setImageFailed(failed));
  }
}
