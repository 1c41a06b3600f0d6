package dev.latentline.gateway.decide;

import static dev.latentline.gateway.fold.TestFacts.ACCEPTED_AT_MS;
import static dev.latentline.gateway.fold.TestFacts.DEADLINE_MS;
import static dev.latentline.gateway.fold.TestFacts.accepted;
import static dev.latentline.gateway.fold.TestFacts.after;
import static dev.latentline.gateway.fold.TestFacts.at;
import static dev.latentline.gateway.fold.TestFacts.cancelRequested;
import static dev.latentline.gateway.fold.TestFacts.cancelled;
import static dev.latentline.gateway.fold.TestFacts.deadlinePassed;
import static dev.latentline.gateway.fold.TestFacts.denoised;
import static dev.latentline.gateway.fold.TestFacts.dispatched;
import static dev.latentline.gateway.fold.TestFacts.encoded;
import static dev.latentline.gateway.fold.TestFacts.everyImageFailed;
import static dev.latentline.gateway.fold.TestFacts.failed;
import static dev.latentline.gateway.fold.TestFacts.imageFailed;
import static dev.latentline.gateway.fold.TestFacts.request;
import static dev.latentline.gateway.fold.TestFacts.settled;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static dev.latentline.gateway.fold.TestFacts.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.Limits;
import dev.latentline.gateway.fold.Fold;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.Outcome;
import dev.latentline.proto.v1.GenerationEvent;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DecideTest {
  private static final long IN_TIME = DEADLINE_MS - 1;
  private static final Outcome TOO_LATE =
      Outcome.failed("deadline_passed", "The deadline passed before every image was made");

  @Test
  void whatWaitsIsDispatchedWhenTheQueueLetsItIn() {
    assertThat(Decide.next(after(2), IN_TIME, true)).contains(new Effect.Dispatch());
    assertThat(Decide.next(after(2), IN_TIME, false)).isEmpty();
  }

  @Test
  void whatIsInTheLineIsLeftAlone() {
    assertThat(next(after(2, dispatched(), encoded(), denoised(0), stored(1)))).isEmpty();
  }

  @Test
  void whatWasDispatchedIsNotDispatchedAgain() {
    assertThat(Decide.next(after(1, dispatched()), IN_TIME, true)).isEmpty();
  }

  @Test
  void itSucceedsWhenEveryImageIsStored() {
    assertThat(next(after(2, dispatched(), stored(1), stored(0))))
        .contains(new Effect.End(Outcome.SUCCEEDED));
  }

  @Test
  void picturesThatAreStoredCountBeforeTheMarkOfTheirDispatch() {
    assertThat(Decide.next(after(1, stored(0)), IN_TIME, true))
        .contains(new Effect.End(Outcome.SUCCEEDED));
  }

  @Test
  void whatALiveFrameLeftIsRemovedAWhileAfterItsEnd() {
    GenerationState ended = live(dispatched(), stored(0), succeeded());
    long removedAt = ended.endedAtMs().orElseThrow() + Limits.LIVE_KEPT.toMillis();

    assertThat(Decide.next(ended, removedAt - 1, false)).isEmpty();
    assertThat(Decide.next(ended, removedAt, false)).contains(new Effect.Settle());
    assertThat(Decide.next(live(succeeded(), settled()), removedAt, false)).isEmpty();
    GenerationState other = after(1, stored(0), succeeded());
    assertThat(Decide.next(other, removedAt - 1, false)).contains(new Effect.Settle());
  }

  @Test
  void aCancelEndsIt() {
    assertThat(next(after(2, dispatched(), stored(0), cancelRequested())))
        .contains(new Effect.End(Outcome.CANCELLED));
  }

  @Test
  void aCancelBeforeItsDispatchTellsTheStagesAllTheSame() {
    assertThat(Decide.next(after(2, cancelRequested()), IN_TIME, true))
        .contains(new Effect.End(Outcome.CANCELLED));
  }

  @Test
  void aCancelThatComesAfterTheLastPictureIsTooLate() {
    assertThat(next(after(2, dispatched(), stored(0), stored(1), cancelRequested())))
        .contains(new Effect.End(Outcome.SUCCEEDED));
    assertThat(next(after(1, dispatched(), cancelRequested(), stored(0))))
        .contains(new Effect.End(Outcome.SUCCEEDED));
  }

  @Test
  void aCancelOutweighsFailures() {
    assertThat(next(after(1, dispatched(), imageFailed(0, "x"), cancelRequested())))
        .contains(new Effect.End(Outcome.CANCELLED));
  }

  @Test
  void whenNoImageCanBeMadeTheFirstOnesReasonIsToldByIndex() {
    assertThat(next(after(2, dispatched(), imageFailed(1, "second"), imageFailed(0, "first"))))
        .contains(new Effect.End(Outcome.failed("first", "It went wrong")));
    assertThat(next(after(2, everyImageFailed("prompt_refused"))))
        .contains(new Effect.End(Outcome.failed("prompt_refused", "The prompt cannot be read")));
  }

  @Test
  void partOfTheImagesIsAFailureThatSaysHowMany() {
    assertThat(next(after(3, dispatched(), stored(0), imageFailed(1, "nan"), stored(2))))
        .contains(
            new Effect.End(
                Outcome.failed(
                    "partial",
                    "2 of 3 images are stored; the first of the others failed with nan: It went"
                        + " wrong")));
  }

  @Test
  void aFailedImageWaitsForTheOthers() {
    assertThat(next(after(2, dispatched(), imageFailed(0, "nan")))).isEmpty();
    assertThat(next(after(2, dispatched(), imageFailed(0, "nan"), stored(1))))
        .map(effect -> ((Effect.End) effect).outcome().kind())
        .contains(Outcome.Kind.FAILED);
  }

  @Test
  void aFailureThatWasTakenBackIsNone() {
    assertThat(next(after(2, imageFailed(0, "frozen"), stored(0), stored(1))))
        .contains(new Effect.End(Outcome.SUCCEEDED));
    assertThat(next(after(2, imageFailed(0, "frozen"), stored(0), imageFailed(1, "nan"))))
        .map(effect -> ((Effect.End) effect).outcome().reason().orElseThrow().message())
        .contains(
            "1 of 2 images are stored; the first of the others failed with nan: It went wrong");
  }

  @Test
  void theDeadlineIsOverAtTheMomentItNames() {
    GenerationState state = after(1, dispatched());

    assertThat(Decide.next(state, DEADLINE_MS - 1, false)).isEmpty();
    assertThat(Decide.next(state, DEADLINE_MS, false)).contains(new Effect.NoteDeadline());
    assertThat(Decide.next(state, Long.MAX_VALUE, false)).contains(new Effect.NoteDeadline());
  }

  @Test
  void whatStillWaitsAtItsDeadlineIsNotDispatched() {
    assertThat(Decide.next(after(1), DEADLINE_MS, true)).contains(new Effect.NoteDeadline());
  }

  @Test
  void theTimesThatFactsStateDecideNothing() {
    GenerationState state = after(1, at(DEADLINE_MS + 5_000, dispatched()));

    assertThat(next(state)).isEmpty();
    assertThat(Decide.next(after(1, at(0, dispatched())), DEADLINE_MS, false))
        .contains(new Effect.NoteDeadline());
  }

  @Test
  void oneThatPassedItsDeadlineFailsWhateverTheTimeIsNow() {
    GenerationState state = after(2, dispatched(), stored(0), deadlinePassed());

    assertThat(Decide.next(state, ACCEPTED_AT_MS, true)).contains(new Effect.End(TOO_LATE));
    assertThat(Decide.next(state, DEADLINE_MS + 1, true)).contains(new Effect.End(TOO_LATE));
  }

  @Test
  void whatIsCompleteEndsAsItIsAlthoughTheDeadlineIsOver() {
    assertThat(Decide.next(after(1, dispatched(), stored(0)), DEADLINE_MS, false))
        .contains(new Effect.End(Outcome.SUCCEEDED));
    assertThat(Decide.next(after(1, deadlinePassed(), stored(0)), DEADLINE_MS, false))
        .contains(new Effect.End(Outcome.SUCCEEDED));
    assertThat(Decide.next(after(1, imageFailed(0, "nan"), deadlinePassed()), DEADLINE_MS, false))
        .contains(new Effect.End(Outcome.failed("nan", "It went wrong")));
    assertThat(Decide.next(after(2, cancelRequested(), deadlinePassed()), DEADLINE_MS, false))
        .contains(new Effect.End(Outcome.CANCELLED));
  }

  @ParameterizedTest
  @MethodSource("terminals")
  void whatHasEndedIsSettledAndThenLeftAloneForEver(GenerationEvent terminal) {
    GenerationState ended = after(2, dispatched(), cancelRequested(), terminal);

    for (long nowMs : new long[] {0, IN_TIME, DEADLINE_MS, Long.MAX_VALUE}) {
      assertThat(Decide.next(ended, nowMs, true)).contains(new Effect.Settle());
      assertThat(
              Decide.next(
                  after(2, dispatched(), cancelRequested(), terminal, settled()), nowMs, true))
          .isEmpty();
    }
  }

  static Stream<GenerationEvent> terminals() {
    return Stream.of(succeeded(), failed("x"), cancelled());
  }

  /** In time, and not let in. */
  private static Optional<Effect> next(GenerationState state) {
    return Decide.next(state, IN_TIME, false);
  }

  private static GenerationState live(GenerationEvent... facts) {
    GenerationState state =
        Fold.apply(Optional.empty(), accepted(request(1).setLive(true).build()), 0).orElseThrow();
    for (GenerationEvent fact : facts) {
      state = Fold.apply(Optional.of(state), fact, 1).orElseThrow();
    }
    return state;
  }
}
