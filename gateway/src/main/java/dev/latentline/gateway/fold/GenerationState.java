package dev.latentline.gateway.fold;

import dev.latentline.proto.v1.Encoded;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the facts say of a generation. Immutable; every field only advances. Times are Unix
 * milliseconds by the clocks of those who stated the facts: for people, never for a decision.
 *
 * @param images by index, as many as the request's count
 * @param outcome of an ended one: the first terminal fact
 * @param settled whether what follows the end is done
 * @param lastOffset of the last fact that changed what a client sees
 */
public record GenerationState(
    GenerationRequest request,
    OptionalLong dispatchedAtMs,
    Optional<Encoded> encoded,
    List<ImageState> images,
    boolean cancelRequested,
    boolean deadlinePassed,
    Optional<Outcome> outcome,
    OptionalLong endedAtMs,
    boolean settled,
    long lastOffset) {

  public GenerationState {
    images = List.copyOf(images);
  }

  public String id() {
    return request.getGenerationId();
  }

  /** The same without prompts and metadata, which are in the manifest of one that is settled. */
  public GenerationState withoutTexts() {
    return new GenerationState(
        request.toBuilder()
            .clearPrompt()
            .clearNegativePrompt()
            .clearExpandedPrompts()
            .clearMetadata()
            .build(),
        dispatchedAtMs,
        encoded,
        images,
        cancelRequested,
        deadlinePassed,
        outcome,
        endedAtMs,
        settled,
        lastOffset);
  }

  public boolean dispatched() {
    return dispatchedAtMs.isPresent();
  }

  public boolean ended() {
    return outcome.isPresent();
  }

  /** Whether it waits to be let into the line. */
  public boolean waiting() {
    return !dispatched() && !ended() && !cancelRequested && !deadlinePassed;
  }

  /** The image tasks that are in the line. */
  public int tasksInLine() {
    return dispatched() && !ended()
        ? (int) images.stream().filter(image -> !image.ended()).count()
        : 0;
  }
}
