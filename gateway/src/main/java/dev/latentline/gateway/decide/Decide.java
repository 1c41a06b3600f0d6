package dev.latentline.gateway.decide;

import dev.latentline.contract.Limits;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.ImageState;
import dev.latentline.gateway.fold.Outcome;
import dev.latentline.gateway.fold.Reason;
import java.util.List;
import java.util.Optional;

/**
 * The owner's decision about one generation: level-triggered, so that a new owner needs no rules of
 * its own. Letting it into the line depends on the others as well: see {@link DispatchQueue}.
 */
public final class Decide {
  public static final String DEADLINE_PASSED = "deadline_passed";
  public static final String PARTIAL = "partial";

  private Decide() {}

  /**
   * What is due now.
   *
   * @param nowMs Unix milliseconds by the owner's clock, which alone judges deadlines
   * @param admitted whether the dispatch queue lets it in
   */
  public static Optional<Effect> next(GenerationState state, long nowMs, boolean admitted) {
    if (state.ended()) {
      return state.settled() || nowMs < settledFromMs(state)
          ? Optional.empty()
          : Optional.of(new Effect.Settle());
    }
    Optional<Outcome> outcome = outcome(state);
    if (outcome.isPresent()) {
      return Optional.of(new Effect.End(outcome.get()));
    }
    if (nowMs >= state.request().getDeadlineMs()) {
      return Optional.of(new Effect.NoteDeadline());
    }
    return admitted && state.waiting() ? Optional.of(new Effect.Dispatch()) : Optional.empty();
  }

  /** What a live frame left is removed when whoever saw it has had the time to look at it. */
  private static long settledFromMs(GenerationState state) {
    return state.request().getLive()
        ? state.endedAtMs().orElse(0) + Limits.LIVE_KEPT.toMillis()
        : Long.MIN_VALUE;
  }

  /** How it must end by what is known; empty while that is open. */
  private static Optional<Outcome> outcome(GenerationState state) {
    List<ImageState> images = state.images();
    boolean allStored = images.stream().allMatch(image -> image.stored().isPresent());
    if (allStored) {
      return Optional.of(Outcome.SUCCEEDED);
    }
    if (state.cancelRequested()) {
      return Optional.of(Outcome.CANCELLED);
    }
    if (images.stream().allMatch(ImageState::ended)) {
      return Optional.of(failure(images));
    }
    if (state.deadlinePassed()) {
      return Optional.of(
          Outcome.failed(DEADLINE_PASSED, "The deadline passed before every image was made"));
    }
    return Optional.empty();
  }

  private static Outcome failure(List<ImageState> images) {
    long stored = images.stream().filter(image -> image.stored().isPresent()).count();
    Reason first =
        images.stream()
            .filter(image -> image.stored().isEmpty())
            .flatMap(image -> image.failed().stream())
            .findFirst()
            .orElseThrow();
    if (stored == 0) {
      return Outcome.failed(first.code(), first.message());
    }
    return Outcome.failed(
        PARTIAL,
        String.format(
            "%d of %d images are stored; the first of the others failed with %s: %s",
            stored, images.size(), first.code(), first.message()));
  }
}
