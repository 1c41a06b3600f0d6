package dev.latentline.gateway.fold;

import dev.latentline.contract.Limits;
import dev.latentline.proto.v1.DeadLettered;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImageFailed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;

/**
 * The fold of generation.event. A fact that says nothing new leaves the very same state; the first
 * terminal fact wins, and after it only {@code settled} is heard. What is not of a known generation
 * or makes no sense is passed over: the log is the truth, but not everything in it is.
 */
public final class Fold {
  private Fold() {}

  /**
   * The state after a fact.
   *
   * @param before empty when nothing was accepted under this id
   * @param offset of the fact in its partition
   */
  public static Optional<GenerationState> apply(
      Optional<GenerationState> before, GenerationEvent event, long offset) {
    if (before.isEmpty()) {
      return event.hasAccepted() ? accepted(event, offset) : Optional.empty();
    }
    GenerationState state = before.get();
    if (state.ended()) {
      return Optional.of(afterEnd(state, event));
    }
    GenerationState after = underWay(state, event);
    return Optional.of(after == state ? state : at(after, offset));
  }

  private static Optional<GenerationState> accepted(GenerationEvent event, long offset) {
    GenerationRequest request = event.getAccepted().getRequest();
    if (!request.getGenerationId().equals(event.getGenerationId())
        || request.getCount() < Limits.MIN_COUNT
        || request.getCount() > Limits.MAX_COUNT) {
      return Optional.empty();
    }
    return Optional.of(
        new GenerationState(
            request,
            OptionalLong.empty(),
            Optional.empty(),
            Collections.nCopies(request.getCount(), ImageState.UNKNOWN),
            false,
            false,
            Optional.empty(),
            OptionalLong.empty(),
            false,
            offset));
  }

  private static GenerationState afterEnd(GenerationState state, GenerationEvent event) {
    if (!event.hasSettled() || state.settled()) {
      return state;
    }
    return new GenerationState(
        state.request(),
        state.dispatchedAtMs(),
        state.encoded(),
        state.images(),
        state.cancelRequested(),
        state.deadlinePassed(),
        state.outcome(),
        state.endedAtMs(),
        true,
        state.lastOffset());
  }

  private static GenerationState underWay(GenerationState state, GenerationEvent event) {
    return switch (event.getFactCase()) {
      case DISPATCHED ->
          state.dispatched()
              ? state
              : with(state, OptionalLong.of(event.getAtMs()), state.encoded(), state.images());
      case ENCODED ->
          state.encoded().isPresent()
              ? state
              : with(
                  state, state.dispatchedAtMs(), Optional.of(event.getEncoded()), state.images());
      case DENOISED ->
          image(
              state,
              event.getDenoised().getImageIndex(),
              image -> image.withDenoised(event.getDenoised().getRuntimeClass()));
      case STORED ->
          image(
              state,
              event.getStored().getImageIndex(),
              image -> image.withStored(event.getStored()));
      case IMAGE_FAILED -> {
        ImageFailed fact = event.getImageFailed();
        Reason reason = new Reason(fact.getStage(), fact.getCode(), fact.getMessage());
        yield fact.hasImageIndex()
            ? image(state, fact.getImageIndex(), image -> image.withFailed(reason))
            : everyImage(state, image -> image.withFailed(reason));
      }
      case DEAD_LETTERED -> {
        DeadLettered fact = event.getDeadLettered();
        Reason reason = new Reason(fact.getStage(), fact.getCode(), fact.getMessage());
        yield fact.hasImageIndex()
            ? image(state, fact.getImageIndex(), image -> image.withFailed(reason))
            : everyImage(state, image -> image.withFailed(reason));
      }
      case CANCEL_REQUESTED ->
          state.cancelRequested() ? state : asked(state, true, state.deadlinePassed());
      case DEADLINE_PASSED ->
          state.deadlinePassed() ? state : asked(state, state.cancelRequested(), true);
      case SUCCEEDED -> ended(state, Outcome.SUCCEEDED, event.getAtMs());
      case CANCELLED -> ended(state, Outcome.CANCELLED, event.getAtMs());
      case FAILED ->
          ended(
              state,
              Outcome.failed(event.getFailed().getCode(), event.getFailed().getMessage()),
              event.getAtMs());
      case ACCEPTED, SETTLED, FACT_NOT_SET -> state;
    };
  }

  private static GenerationState image(
      GenerationState state, int index, UnaryOperator<ImageState> change) {
    if (index < 0 || index >= state.images().size()) {
      return state;
    }
    ImageState before = state.images().get(index);
    ImageState after = change.apply(before);
    if (after == before) {
      return state;
    }
    List<ImageState> images = new ArrayList<>(state.images());
    images.set(index, after);
    return with(state, state.dispatchedAtMs(), state.encoded(), images);
  }

  private static GenerationState everyImage(
      GenerationState state, UnaryOperator<ImageState> change) {
    GenerationState after = state;
    for (int index = 0; index < state.images().size(); index++) {
      after = image(after, index, change);
    }
    return after;
  }

  private static GenerationState with(
      GenerationState state,
      OptionalLong dispatchedAtMs,
      Optional<dev.latentline.proto.v1.Encoded> encoded,
      List<ImageState> images) {
    return new GenerationState(
        state.request(),
        dispatchedAtMs,
        encoded,
        images,
        state.cancelRequested(),
        state.deadlinePassed(),
        state.outcome(),
        state.endedAtMs(),
        state.settled(),
        state.lastOffset());
  }

  private static GenerationState asked(
      GenerationState state, boolean cancelRequested, boolean deadlinePassed) {
    return new GenerationState(
        state.request(),
        state.dispatchedAtMs(),
        state.encoded(),
        state.images(),
        cancelRequested,
        deadlinePassed,
        state.outcome(),
        state.endedAtMs(),
        state.settled(),
        state.lastOffset());
  }

  private static GenerationState ended(GenerationState state, Outcome outcome, long atMs) {
    return new GenerationState(
        state.request(),
        state.dispatchedAtMs(),
        state.encoded(),
        state.images(),
        state.cancelRequested(),
        state.deadlinePassed(),
        Optional.of(outcome),
        OptionalLong.of(atMs),
        state.settled(),
        state.lastOffset());
  }

  private static GenerationState at(GenerationState state, long offset) {
    return new GenerationState(
        state.request(),
        state.dispatchedAtMs(),
        state.encoded(),
        state.images(),
        state.cancelRequested(),
        state.deadlinePassed(),
        state.outcome(),
        state.endedAtMs(),
        state.settled(),
        offset);
  }
}
