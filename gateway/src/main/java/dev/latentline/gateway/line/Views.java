package dev.latentline.gateway.line;

import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.ImageState;
import dev.latentline.gateway.fold.Outcome;
import dev.latentline.proto.v1.Stored;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** What a client sees of a state. Pure. */
public final class Views {
  /** Of one picture: the steps are nearly all of the work, decoding and storing are the rest. */
  private static final double STEPS = 0.95;

  private Views() {}

  /**
   * @param stepsDone of each image
   */
  static GenerationView of(
      GenerationState state, int[] stepsDone, OptionalInt queuePosition, OptionalLong etaMs) {
    return new GenerationView(
        state.request(),
        status(state),
        progress(state, stepsDone),
        queuePosition,
        etaMs,
        images(state),
        state.outcome().flatMap(Outcome::reason).map(Views::failure),
        new GenerationView.Timings(
            state.request().getAcceptedAtMs(), state.dispatchedAtMs(), state.endedAtMs()),
        state.lastOffset());
  }

  private static GenerationView.EndedBadly failure(dev.latentline.gateway.fold.Reason reason) {
    return new GenerationView.EndedBadly(reason.code(), reason.message());
  }

  private static GenerationView.Status status(GenerationState state) {
    if (state.outcome().isEmpty()) {
      return begun(state) ? GenerationView.Status.RUNNING : GenerationView.Status.QUEUED;
    }
    return switch (state.outcome().get().kind()) {
      case SUCCEEDED -> GenerationView.Status.SUCCEEDED;
      case FAILED -> GenerationView.Status.FAILED;
      case CANCELLED -> GenerationView.Status.CANCELLED;
    };
  }

  /** The mark of the dispatch may come after what the stages have done since. */
  private static boolean begun(GenerationState state) {
    return state.dispatched()
        || state.encoded().isPresent()
        || state.images().stream().anyMatch(image -> !image.equals(ImageState.UNKNOWN));
  }

  private static double progress(GenerationState state, int[] stepsDone) {
    double done = 0;
    for (int index = 0; index < stepsDone.length; index++) {
      ImageState image = state.images().get(index);
      if (image.ended()) {
        done += 1;
      } else if (image.denoised().isPresent()) {
        done += STEPS;
      } else {
        done += STEPS * stepsDone[index] / Math.max(1, state.request().getSteps());
      }
    }
    return done / stepsDone.length;
  }

  private static List<GenerationView.StoredImage> images(GenerationState state) {
    List<GenerationView.StoredImage> images = new ArrayList<>();
    if (state.settled() && state.request().getLive()) {
      // removed
      return images;
    }
    for (ImageState image : state.images()) {
      Optional<Stored> stored = image.stored();
      stored.ifPresent(
          fact ->
              images.add(
                  new GenerationView.StoredImage(
                      fact.getImageIndex(),
                      fact.getSeed(),
                      fact.getWidth(),
                      fact.getHeight(),
                      fact.getSha256(),
                      fact.getPixelsSha256(),
                      fact.getKey(),
                      fact.getContentType(),
                      fact.getSizeBytes(),
                      fact.hasSafety() ? Optional.of(fact.getSafety()) : Optional.empty())));
    }
    return images;
  }
}
