package dev.latentline.gateway.live;

import dev.latentline.contract.Failure;
import dev.latentline.gateway.line.GenerationUpdate;
import dev.latentline.gateway.line.GenerationView;
import dev.latentline.gateway.line.GenerationView.StoredImage;
import dev.latentline.gateway.line.Generations;
import dev.latentline.gateway.line.Subscription;
import dev.latentline.gateway.rest.Acceptance;
import dev.latentline.kit.blob.BlobStore;
import jakarta.inject.Singleton;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/** Frames as the generations that they are. What may wait for broker or store says so. */
@Singleton
class LiveFrames {
  private static final Logger LOG = Logger.getLogger(LiveFrames.class);

  private final Acceptance acceptance;
  private final Generations generations;
  private final BlobStore store;

  LiveFrames(Acceptance acceptance, Generations generations, BlobStore store) {
    this.acceptance = acceptance;
    this.generations = generations;
    this.store = store;
  }

  /** Waits for the broker; throws as {@link Acceptance#acceptLive}. */
  GenerationView accept(String tenant, byte[] request) {
    return acceptance.acceptLive(request, tenant);
  }

  /** Tells from now on what happens, beginning with what is known. */
  Subscription follow(String tenant, String id, Consumer<GenerationUpdate> listener) {
    return generations.watch(tenant, id, -1, listener).orElse(() -> {});
  }

  /**
   * The picture's bytes. Waits for the store.
   *
   * @throws Failure.Retryable when the store is away, or has removed it
   */
  byte[] picture(StoredImage image) {
    return store
        .get(image.key())
        .orElseThrow(
            () -> new Failure.Retryable("image_not_found", "the picture is no longer stored"));
  }

  /** Waits for the broker. One that cannot be cancelled now ends by itself. */
  void cancel(String tenant, String id) {
    try {
      generations.requestCancel(tenant, id);
    } catch (Failure away) {
      LOG.warnf("generation=%s is not cancelled: %s", id, away.code());
    }
  }
}
