package dev.latentline.gateway.line;

import dev.latentline.proto.v1.GenerationRequest;
import java.util.Optional;
import java.util.function.Consumer;

/** The generations of this installation, as this replica knows them. Thread-safe. */
public interface Generations {
  /**
   * Whether another generation may be accepted: what is not settled is bounded, for each tenant and
   * in all. Requests that come together may pass by as many.
   */
  boolean hasRoomFor(GenerationRequest request);

  /**
   * Writes the fact {@code accepted} and returns once this replica's own fold has read it, so that
   * {@link #find} knows the generation.
   *
   * @throws dev.latentline.contract.Failure.Retryable when the broker is away; the generation may
   *     have been accepted all the same
   */
  void accept(GenerationRequest request);

  /**
   * What is known of a generation. An unknown id waits until this replica has caught up with the
   * end of generation.event, at most 1 s.
   *
   * @return empty when there is none, or when it is another tenant's
   * @throws dev.latentline.contract.Failure.Retryable when the id is unknown and this replica could
   *     not catch up
   */
  Optional<GenerationView> find(String tenant, String generationId);

  /**
   * Whether a generation that is unknown may have been known: the oldest that have ended are
   * forgotten when there is no room for them.
   */
  boolean mayHaveForgotten(String generationId);

  /**
   * Asks for a cancellation; nothing happens when the generation has ended.
   *
   * @return false when there is no such generation of this tenant
   * @throws dev.latentline.contract.Failure.Retryable when the broker is away
   */
  boolean requestCancel(String tenant, String generationId);

  /**
   * Tells what happens to a generation from now on, in order and one call at a time, beginning with
   * a SNAPSHOT unless afterOffset is the offset of its last fact. The listener must not block.
   *
   * @param afterOffset the last offset that the listener knows; -1 when it knows none
   * @return empty when there is no such generation of this tenant, or it has been forgotten since
   *     it was found
   */
  Optional<Subscription> watch(
      String tenant, String generationId, long afterOffset, Consumer<GenerationUpdate> listener);

  /** Whether the fold has read everything that was written before this replica started. */
  boolean caughtUp();
}
