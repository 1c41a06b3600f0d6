package dev.latentline.gateway.fold;

import dev.latentline.proto.v1.RuntimeClass;
import dev.latentline.proto.v1.Stored;
import java.util.Optional;

/**
 * One picture of a generation, as far as the facts tell. Stored is final; a failure is taken back
 * when another attempt stores the picture after all.
 *
 * @param denoised where its latents were made
 */
public record ImageState(
    Optional<RuntimeClass> denoised, Optional<Stored> stored, Optional<Reason> failed) {

  /** Nothing is known yet. */
  public static final ImageState UNKNOWN =
      new ImageState(Optional.empty(), Optional.empty(), Optional.empty());

  /** Whether nothing more will come of it. */
  public boolean ended() {
    return stored.isPresent() || failed.isPresent();
  }

  ImageState withDenoised(RuntimeClass runtimeClass) {
    return denoised.isPresent() ? this : new ImageState(Optional.of(runtimeClass), stored, failed);
  }

  ImageState withStored(Stored fact) {
    return stored.isPresent() ? this : new ImageState(denoised, Optional.of(fact), failed);
  }

  ImageState withFailed(Reason reason) {
    return ended() ? this : new ImageState(denoised, stored, Optional.of(reason));
  }
}
