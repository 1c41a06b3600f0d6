package dev.latentline.gateway.line;

import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Safety;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What a client can see of a generation.
 *
 * @param request without prompts and metadata where they are no longer in memory: the manifest has
 *     them
 * @param progress 0 to 1
 * @param queuePosition 0 is next; only while QUEUED
 * @param etaMs until the last step of its pictures is made, at the pace so far; empty while nobody
 *     can say
 * @param images those in the store, ascending by index
 * @param failure of a FAILED one
 * @param lastOffset in generation.event, of the last fact folded into this view
 */
public record GenerationView(
    GenerationRequest request,
    Status status,
    double progress,
    OptionalInt queuePosition,
    OptionalLong etaMs,
    List<StoredImage> images,
    Optional<EndedBadly> failure,
    Timings timings,
    long lastOffset) {

  public GenerationView {
    images = List.copyOf(images);
  }

  public String id() {
    return request.getGenerationId();
  }

  /**
   * Whether the request has its prompts. One that has ended without any may have lost them, or was
   * made of pictures alone: its manifest says which.
   */
  public boolean hasPrompts() {
    return !request.getPrompt().isEmpty() || !status.terminal();
  }

  /** The same with the prompts and metadata of a request that has them. */
  public GenerationView withPromptsOf(GenerationRequest whole) {
    return new GenerationView(
        request.toBuilder()
            .setPrompt(whole.getPrompt())
            .setNegativePrompt(whole.getNegativePrompt())
            .clearExpandedPrompts()
            .addAllExpandedPrompts(whole.getExpandedPromptsList())
            .clearMetadata()
            .putAllMetadata(whole.getMetadataMap())
            .build(),
        status,
        progress,
        queuePosition,
        etaMs,
        images,
        failure,
        timings,
        lastOffset);
  }

  /** Only the last three are terminal. */
  public enum Status {
    QUEUED,
    RUNNING,
    SUCCEEDED,
    FAILED,
    CANCELLED;

    public boolean terminal() {
      return this == SUCCEEDED || this == FAILED || this == CANCELLED;
    }
  }

  /**
   * A picture in the store. Hashes are lower-case hex, of the file and of its pixels.
   *
   * @param key of the object in the store
   * @param safety what a safety checker found, where one looked
   */
  public record StoredImage(
      int index,
      long seed,
      int width,
      int height,
      String sha256,
      String pixelsSha256,
      String key,
      String contentType,
      long sizeBytes,
      Optional<Safety> safety) {}

  /** Why a generation failed: a stable code and a message that is safe to show. */
  public record EndedBadly(String code, String message) {}

  /** Unix milliseconds by the writers' clocks, for people. */
  public record Timings(long acceptedAtMs, OptionalLong dispatchedAtMs, OptionalLong endedAtMs) {}
}
