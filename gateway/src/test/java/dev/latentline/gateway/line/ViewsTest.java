package dev.latentline.gateway.line;

import static dev.latentline.gateway.fold.TestFacts.ACCEPTED_AT_MS;
import static dev.latentline.gateway.fold.TestFacts.SEED;
import static dev.latentline.gateway.fold.TestFacts.after;
import static dev.latentline.gateway.fold.TestFacts.at;
import static dev.latentline.gateway.fold.TestFacts.cancelRequested;
import static dev.latentline.gateway.fold.TestFacts.cancelled;
import static dev.latentline.gateway.fold.TestFacts.denoised;
import static dev.latentline.gateway.fold.TestFacts.dispatched;
import static dev.latentline.gateway.fold.TestFacts.encoded;
import static dev.latentline.gateway.fold.TestFacts.failed;
import static dev.latentline.gateway.fold.TestFacts.flagged;
import static dev.latentline.gateway.fold.TestFacts.imageFailed;
import static dev.latentline.gateway.fold.TestFacts.request;
import static dev.latentline.gateway.fold.TestFacts.settled;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static dev.latentline.gateway.fold.TestFacts.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.line.GenerationView.Status;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ViewsTest {
  private static final int STEPS = request(1).getSteps();

  @Test
  void aWaitingGenerationIsQueuedAtItsPosition() {
    GenerationView view = Views.of(after(2), new int[2], OptionalInt.of(3), OptionalLong.of(1500));

    assertThat(view.request()).isEqualTo(request(2).build());
    assertThat(view.status()).isEqualTo(Status.QUEUED);
    assertThat(view.queuePosition()).hasValue(3);
    assertThat(view.etaMs()).hasValue(1500);
    assertThat(view.progress()).isZero();
    assertThat(view.images()).isEmpty();
    assertThat(view.failure()).isEmpty();
    assertThat(view.timings().acceptedAtMs()).isEqualTo(ACCEPTED_AT_MS);
    assertThat(view.timings().dispatchedAtMs()).isEmpty();
    assertThat(view.timings().endedAtMs()).isEmpty();
    assertThat(view.lastOffset()).isZero();
  }

  @Test
  void promptsAreMissingOnlyOnceTheyCanBeInAManifest() {
    GenerationRequest ofPictures = request(1).clearPrompt().build();

    assertThat(view(after(ofPictures, dispatched())).hasPrompts()).isTrue();
    assertThat(view(after(ofPictures, cancelled())).hasPrompts()).isFalse();
    assertThat(view(after(1, cancelled())).hasPrompts()).isTrue();
    assertThat(view(after(1, cancelled()).withoutTexts()).hasPrompts()).isFalse();
  }

  @Test
  void aGenerationInTheLineIsRunningUntilItHasEnded() {
    assertThat(view(after(1, dispatched())).status()).isEqualTo(Status.RUNNING);
    assertThat(view(after(1, dispatched(), encoded(), stored(0))).status())
        .isEqualTo(Status.RUNNING);
    assertThat(view(after(1, dispatched(), cancelRequested())).status()).isEqualTo(Status.RUNNING);
  }

  @Test
  void oneThatIsCancelledBeforeItsDispatchIsQueuedUntilItHasEnded() {
    assertThat(view(after(1, cancelRequested())).status()).isEqualTo(Status.QUEUED);
    assertThat(view(after(1, cancelRequested(), cancelled())).status()).isEqualTo(Status.CANCELLED);
  }

  @Test
  void eachEndHasItsStatusAndItsTimes() {
    GenerationView done = view(after(1, at(5, dispatched()), at(9, succeeded()), settled()));
    assertThat(done.status()).isEqualTo(Status.SUCCEEDED);
    assertThat(done.failure()).isEmpty();
    assertThat(done.timings().dispatchedAtMs()).hasValue(5);
    assertThat(done.timings().endedAtMs()).hasValue(9);
    assertThat(done.lastOffset()).isEqualTo(2);
    assertThat(view(after(1, cancelled())).status()).isEqualTo(Status.CANCELLED);
    GenerationView broken = view(after(1, failed("partial")));
    assertThat(broken.status()).isEqualTo(Status.FAILED);
    assertThat(broken.failure()).contains(new GenerationView.EndedBadly("partial", "It failed"));
  }

  @Test
  void onlyTheLastThreeStatusesAreTerminal() {
    assertThat(List.of(Status.values()).stream().filter(Status::terminal))
        .containsExactly(Status.SUCCEEDED, Status.FAILED, Status.CANCELLED);
  }

  @Test
  void storedPicturesAreShownInTheOrderOfTheirIndex() {
    GenerationView view = view(after(3, dispatched(), stored(2), imageFailed(1, "x"), stored(0)));

    assertThat(view.images())
        .containsExactly(
            new GenerationView.StoredImage(
                0,
                SEED,
                128,
                96,
                "file-0",
                "pixels-0",
                stored(0).getStored().getKey(),
                "image/png",
                1000,
                Optional.empty()),
            new GenerationView.StoredImage(
                2,
                SEED + 2,
                128,
                96,
                "file-2",
                "pixels-2",
                stored(2).getStored().getKey(),
                "image/png",
                1002,
                Optional.empty()));
  }

  @Test
  void whatTheSafetyCheckerFoundIsShown() {
    GenerationEvent flagged = flagged(0);

    assertThat(view(after(1, flagged)).images().get(0).safety())
        .contains(flagged.getStored().getSafety());
  }

  @Test
  void aPictureThatIsStoredAfterItsFailureIsShown() {
    assertThat(view(after(1, imageFailed(0, "x"), stored(0))).images())
        .extracting(GenerationView.StoredImage::index)
        .containsExactly(0);
  }

  @Test
  void progressIsThePartOfAllStepsAndThePicturesThatAreStored() {
    GenerationState state = after(4, dispatched(), denoised(1), stored(2), imageFailed(3, "x"));

    double progress =
        Views.of(state, new int[] {10, 3, 0, 0}, OptionalInt.empty(), OptionalLong.empty())
            .progress();

    double steps = 0.95;
    assertThat(progress).isCloseTo((steps * 10 / STEPS + steps + 1 + 1) / 4, within(1e-9));
  }

  @Test
  void progressIsCompleteOnlyWithTheLastPicture() {
    GenerationState denoised = after(2, dispatched(), stored(0), denoised(1));

    assertThat(
            Views.of(denoised, new int[] {STEPS, STEPS}, OptionalInt.empty(), OptionalLong.empty())
                .progress())
        .isLessThan(1);
    assertThat(view(after(2, dispatched(), stored(0), stored(1))).progress()).isEqualTo(1);
  }

  private static GenerationView view(GenerationState state) {
    return Views.of(
        state, new int[state.images().size()], OptionalInt.empty(), OptionalLong.empty());
  }
}
