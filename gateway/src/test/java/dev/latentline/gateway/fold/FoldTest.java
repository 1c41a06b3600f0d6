package dev.latentline.gateway.fold;

import static dev.latentline.gateway.fold.TestFacts.AT_MS;
import static dev.latentline.gateway.fold.TestFacts.accepted;
import static dev.latentline.gateway.fold.TestFacts.after;
import static dev.latentline.gateway.fold.TestFacts.at;
import static dev.latentline.gateway.fold.TestFacts.cancelRequested;
import static dev.latentline.gateway.fold.TestFacts.cancelled;
import static dev.latentline.gateway.fold.TestFacts.deadLettered;
import static dev.latentline.gateway.fold.TestFacts.deadlinePassed;
import static dev.latentline.gateway.fold.TestFacts.denoised;
import static dev.latentline.gateway.fold.TestFacts.dispatched;
import static dev.latentline.gateway.fold.TestFacts.encoded;
import static dev.latentline.gateway.fold.TestFacts.everyImageDeadLettered;
import static dev.latentline.gateway.fold.TestFacts.everyImageFailed;
import static dev.latentline.gateway.fold.TestFacts.failed;
import static dev.latentline.gateway.fold.TestFacts.imageFailed;
import static dev.latentline.gateway.fold.TestFacts.request;
import static dev.latentline.gateway.fold.TestFacts.settled;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static dev.latentline.gateway.fold.TestFacts.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.Limits;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FoldTest {
  private static final Reason GIVEN_UP =
      new Reason("decoder", "attempts_exhausted", "Given up after 3 attempts");

  @Test
  void anAcceptedRequestWaitsWithNothingKnownOfItsImages() {
    GenerationRequest request = request(3).build();

    GenerationState state = Fold.apply(Optional.empty(), accepted(request), 17).orElseThrow();

    assertThat(state.request()).isEqualTo(request);
    assertThat(state.id()).isEqualTo(TestFacts.ID);
    assertThat(state.images()).containsExactly(unknown(), unknown(), unknown());
    assertThat(state.waiting()).isTrue();
    assertThat(state.dispatched()).isFalse();
    assertThat(state.ended()).isFalse();
    assertThat(state.settled()).isFalse();
    assertThat(state.tasksInLine()).isZero();
    assertThat(state.lastOffset()).isEqualTo(17);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, Limits.MAX_COUNT + 1, -1})
  void aRequestForNoImageOrTooManyIsPassedOver(int count) {
    assertThat(Fold.apply(Optional.empty(), accepted(count), 0)).isEmpty();
  }

  @Test
  void aRequestForTheMostImagesIsTaken() {
    assertThat(after(Limits.MAX_COUNT).images()).hasSize(Limits.MAX_COUNT);
  }

  @ParameterizedTest
  @MethodSource("everythingButAccepted")
  void aFactOfAnUnknownGenerationIsPassedOver(GenerationEvent fact) {
    assertThat(Fold.apply(Optional.empty(), fact, 0)).isEmpty();
  }

  @Test
  void aSecondAcceptedChangesNothing() {
    GenerationState state = after(2, dispatched());

    assertSame(state, accepted(request(4).setPrompt("a pear").build()));
  }

  @Test
  void aDispatchedGenerationNoLongerWaitsAndItsTasksAreInTheLine() {
    GenerationState state = after(3, at(5, dispatched()));

    assertThat(state.dispatchedAtMs()).hasValue(5);
    assertThat(state.waiting()).isFalse();
    assertThat(state.tasksInLine()).isEqualTo(3);
  }

  @Test
  void theFirstDispatchIsTheOneThatCounts() {
    assertSame(after(1, at(5, dispatched())), at(9, dispatched()));
  }

  @Test
  void encodedIsKeptOnce() {
    GenerationState state = after(1, encoded());

    assertThat(state.encoded()).contains(encoded().getEncoded());
    assertSame(state, encoded());
  }

  @Test
  void anImageIsDenoisedOnItsRuntimeClassAndThenStored() {
    GenerationState state = after(2, dispatched(), denoised(1), stored(1));

    assertThat(state.images().get(0)).isEqualTo(unknown());
    ImageState made = state.images().get(1);
    assertThat(made.denoised()).contains(denoised(1).getDenoised().getRuntimeClass());
    assertThat(made.stored()).contains(stored(1).getStored());
    assertThat(made.ended()).isTrue();
    assertThat(state.tasksInLine()).isEqualTo(1);
  }

  @Test
  void theFirstPictureStoredIsTheOneThatCounts() {
    GenerationEvent another =
        stored(0).toBuilder()
            .setStored(stored(0).getStored().toBuilder().setSha256("another"))
            .build();

    assertSame(after(2, stored(0)), another);
  }

  @Test
  void aFailedImageKeepsItsFirstReason() {
    GenerationState state = after(2, imageFailed(1, "invalid_latents"));

    assertThat(state.images().get(0)).isEqualTo(unknown());
    assertThat(state.images().get(1).failed())
        .contains(new Reason("denoiser", "invalid_latents", "It went wrong"));
    assertThat(state.images().get(1).ended()).isTrue();
    assertSame(state, imageFailed(1, "another_code"));
    assertSame(state, deadLettered(1));
  }

  @Test
  void aDeadLetterFailsItsImage() {
    GenerationState state = after(2, dispatched(), deadLettered(0));

    assertThat(state.images().get(0).failed()).contains(GIVEN_UP);
    assertThat(state.images().get(1)).isEqualTo(unknown());
    assertThat(state.tasksInLine()).isEqualTo(1);
  }

  @Test
  void aDeadLetterOfTheWholeGenerationFailsEveryImageThatHasNotEnded() {
    GenerationState state = after(3, stored(1), everyImageDeadLettered());

    assertThat(state.images().get(0).failed()).contains(GIVEN_UP);
    assertThat(state.images().get(1).failed()).isEmpty();
    assertThat(state.images().get(2).failed()).contains(GIVEN_UP);
    assertSame(state, everyImageDeadLettered());
  }

  @Test
  void aFailureWithoutAnIndexFailsEveryImageThatHasNotEnded() {
    GenerationState state =
        after(3, imageFailed(0, "invalid_latents"), stored(2), everyImageFailed("prompt_refused"));

    assertThat(state.images().get(0).failed().orElseThrow().code()).isEqualTo("invalid_latents");
    assertThat(state.images().get(1).failed())
        .contains(new Reason("prompt", "prompt_refused", "The prompt cannot be read"));
    assertThat(state.images().get(2).failed()).isEmpty();
  }

  @Test
  void imageZeroIsAnIndexAndNotTheLackOfOne() {
    assertThat(after(2, imageFailed(0, "x")).images().get(1)).isEqualTo(unknown());
  }

  @Test
  void aPictureThatIsStoredAfterAllOutweighsTheFailure() {
    GenerationState state = after(2, imageFailed(0, "attempts_exhausted"), stored(0));

    assertThat(state.images().get(0).stored()).contains(stored(0).getStored());
    assertSame(state, stored(0));
  }

  @Test
  void aStoredPictureDoesNotFailAnyMore() {
    assertSame(after(2, stored(0)), imageFailed(0, "late"));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 15, Integer.MAX_VALUE, -1})
  void anIndexThatTheGenerationDoesNotHaveIsPassedOver(int index) {
    GenerationState state = after(2, dispatched());

    assertSame(state, denoised(index));
    assertSame(state, stored(index));
    assertSame(state, imageFailed(index, "x"));
    assertSame(state, deadLettered(index));
  }

  @Test
  void aCancelIsKnownAndTheGenerationNoLongerWaits() {
    GenerationState state = after(1, cancelRequested());

    assertThat(state.cancelRequested()).isTrue();
    assertThat(state.deadlinePassed()).isFalse();
    assertThat(state.waiting()).isFalse();
    assertThat(state.ended()).isFalse();
    assertSame(state, cancelRequested());
  }

  @Test
  void aPassedDeadlineIsKnownAndTheGenerationNoLongerWaits() {
    GenerationState state = after(1, deadlinePassed());

    assertThat(state.deadlinePassed()).isTrue();
    assertThat(state.cancelRequested()).isFalse();
    assertThat(state.waiting()).isFalse();
    assertThat(state.ended()).isFalse();
    assertSame(state, deadlinePassed());
  }

  @Test
  void eachTerminalFactHasItsOutcomeAndItsTime() {
    GenerationState done = after(1, at(7, succeeded()));
    assertThat(done.outcome()).contains(Outcome.SUCCEEDED);
    assertThat(done.endedAtMs()).hasValue(7);
    GenerationState stopped = after(1, at(8, cancelled()));
    assertThat(stopped.outcome()).contains(Outcome.CANCELLED);
    assertThat(stopped.endedAtMs()).hasValue(8);
    GenerationState broken = after(1, at(9, failed("partial")));
    assertThat(broken.outcome()).contains(Outcome.failed("partial", "It failed"));
    assertThat(broken.outcome().orElseThrow().reason())
        .contains(new Reason("", "partial", "It failed"));
    assertThat(broken.endedAtMs()).hasValue(9);
  }

  @Test
  void anEndedGenerationHasNothingInTheLine() {
    assertThat(after(3, dispatched(), cancelled()).tasksInLine()).isZero();
    assertThat(after(3, cancelled()).waiting()).isFalse();
  }

  @ParameterizedTest
  @MethodSource("terminals")
  void theFirstTerminalFactWins(GenerationEvent first) {
    GenerationState state = after(1, first);

    terminals().forEach(second -> assertSame(state, at(AT_MS + 99, second)));
  }

  @ParameterizedTest
  @MethodSource("everythingButSettled")
  void afterTheEndNothingIsHeardButSettled(GenerationEvent fact) {
    GenerationState state = after(2, dispatched(), failed("deadline_passed"));

    assertSame(state, fact);
  }

  @Test
  void settledMarksWhatHasEndedAndMovesNoOffsetThatAClientSees() {
    GenerationState ended = after(1, cancelled());

    GenerationState state = Fold.apply(Optional.of(ended), settled(), 99).orElseThrow();

    assertThat(state.settled()).isTrue();
    assertThat(state.lastOffset()).isEqualTo(ended.lastOffset()).isEqualTo(1);
    assertThat(state.outcome()).isEqualTo(ended.outcome());
    assertThat(state.endedAtMs()).isEqualTo(ended.endedAtMs());
    assertSame(state, settled());
  }

  @Test
  void settledBeforeTheEndIsPassedOver() {
    GenerationState state = after(1, dispatched());

    assertSame(state, settled());
    assertThat(after(1, settled(), cancelled()).settled()).isFalse();
  }

  @Test
  void aFactOfNoKnownKindIsPassedOver() {
    GenerationEvent empty = GenerationEvent.newBuilder().setGenerationId(TestFacts.ID).build();

    assertSame(after(1, dispatched()), empty);
  }

  @Test
  void theLastOffsetIsThatOfTheLastFactThatChangedSomething() {
    Optional<GenerationState> state = Fold.apply(Optional.empty(), accepted(2), 10);
    state = Fold.apply(state, dispatched(), 20);
    assertThat(state.orElseThrow().lastOffset()).isEqualTo(20);
    state = Fold.apply(state, dispatched(), 30);
    assertThat(state.orElseThrow().lastOffset()).isEqualTo(20);
    state = Fold.apply(state, everyImageFailed("x"), 40);
    assertThat(state.orElseThrow().lastOffset()).isEqualTo(40);
    state = Fold.apply(state, failed("x"), 50);
    assertThat(state.orElseThrow().lastOffset()).isEqualTo(50);
    state = Fold.apply(state, cancelRequested(), 60);
    state = Fold.apply(state, settled(), 70);
    assertThat(state.orElseThrow().lastOffset()).isEqualTo(50);
  }

  @Test
  void aStateOnceSeenIsNotChangedByWhatFollows() {
    GenerationState before = after(2, dispatched());
    List<ImageState> images = List.copyOf(before.images());

    Fold.apply(Optional.of(before), stored(0), 9);

    assertThat(before.images()).isEqualTo(images);
    assertThat(before.lastOffset()).isEqualTo(1);
  }

  private static void assertSame(GenerationState state, GenerationEvent fact) {
    assertThat(Fold.apply(Optional.of(state), fact, 1_000).orElseThrow())
        .as("after %s", fact.getFactCase())
        .isSameAs(state);
  }

  private static ImageState unknown() {
    return new ImageState(Optional.empty(), Optional.empty(), Optional.empty());
  }

  static Stream<GenerationEvent> terminals() {
    return Stream.of(succeeded(), failed("x"), cancelled());
  }

  static Stream<GenerationEvent> everythingButSettled() {
    return Stream.concat(
        terminals(),
        Stream.of(
            accepted(2),
            dispatched(),
            encoded(),
            denoised(0),
            stored(0),
            imageFailed(1, "x"),
            everyImageFailed("x"),
            deadLettered(0),
            everyImageDeadLettered(),
            cancelRequested(),
            deadlinePassed(),
            GenerationEvent.getDefaultInstance()));
  }

  static Stream<GenerationEvent> everythingButAccepted() {
    return Stream.concat(
        Stream.of(settled()), everythingButSettled().filter(fact -> !fact.hasAccepted()));
  }
}
