package dev.latentline.gateway.decide;

import static dev.latentline.gateway.fold.TestFacts.ACCEPTED_AT_MS;
import static dev.latentline.gateway.fold.TestFacts.accepted;
import static dev.latentline.gateway.fold.TestFacts.cancelRequested;
import static dev.latentline.gateway.fold.TestFacts.cancelled;
import static dev.latentline.gateway.fold.TestFacts.deadlinePassed;
import static dev.latentline.gateway.fold.TestFacts.denoised;
import static dev.latentline.gateway.fold.TestFacts.dispatched;
import static dev.latentline.gateway.fold.TestFacts.imageFailed;
import static dev.latentline.gateway.fold.TestFacts.request;
import static dev.latentline.gateway.fold.TestFacts.settled;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static dev.latentline.gateway.fold.TestFacts.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.gateway.fold.Fold;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.proto.v1.GenerationEvent;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class DispatchQueueTest {
  private static final int WINDOW = 4;

  private final DispatchQueue queue = new DispatchQueue(WINDOW);
  private final Map<String, GenerationState> states = new HashMap<>();

  @Test
  void aWindowWithoutRoomIsRefused() {
    assertThatThrownBy(() -> new DispatchQueue(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theWindowIsFilledInTheOrderOfArrival() {
    accept("b", 2, 20);
    accept("c", 2, 30);
    accept("a", 1, 10);

    assertThat(admitted()).containsExactly("a", "b");
  }

  @Test
  void whatArrivedAtOnceIsInTheOrderOfIds() {
    accept("b", 2, 10);
    accept("a", 2, 10);
    accept("c", 1, 10);

    assertThat(admitted()).containsExactly("a", "b");
    assertThat(position("c")).hasValue(2);
  }

  @Test
  void theWindowMayBeFilledToTheLastTask() {
    accept("a", 3, 10);
    accept("b", 1, 20);

    assertThat(admitted()).containsExactly("a", "b");
  }

  @Test
  void whatIsInTheLineTakesItsRoom() {
    accept("a", 3, 10);
    fold("a", dispatched());
    accept("b", 2, 20);

    assertThat(admitted()).isEmpty();
    fold("a", stored(2));
    assertThat(admitted()).containsExactly("b");
  }

  @Test
  void aFailedImageGivesItsRoomBack() {
    accept("a", 4, 10);
    fold("a", dispatched());
    accept("b", 1, 20);

    assertThat(admitted()).isEmpty();
    fold("a", imageFailed(0, "x"));
    assertThat(admitted()).containsExactly("b");
  }

  @Test
  void anEndGivesAllTheRoomBack() {
    accept("a", 4, 10);
    fold("a", dispatched());
    accept("b", 4, 20);

    fold("a", cancelRequested());
    assertThat(admitted()).isEmpty();
    fold("a", cancelled());
    assertThat(admitted()).containsExactly("b");
  }

  @Test
  void aGenerationLargerThanTheWindowIsLetInAlone() {
    accept("a", 9, 10);
    accept("b", 1, 20);

    assertThat(admitted()).containsExactly("a");
    fold("a", dispatched());
    assertThat(admitted()).isEmpty();
  }

  @Test
  void aBigGenerationHoldsBackTheSmallOnesBehindItUntilItHasRoom() {
    accept("first", 2, 10);
    fold("first", dispatched());
    accept("big", 4, 20);
    accept("small", 1, 30);

    assertThat(admitted()).isEmpty();
    fold("first", stored(0));
    assertThat(admitted()).isEmpty();
    fold("first", stored(1));
    assertThat(admitted()).containsExactly("big");
    fold("big", dispatched());
    assertThat(admitted()).isEmpty();
    fold("big", stored(3));
    assertThat(admitted()).containsExactly("small");
  }

  @Test
  void positionsCountThoseBefore() {
    accept("a", 1, 10);
    accept("b", 16, 20);
    accept("c", 1, 30);

    assertThat(position("a")).hasValue(0);
    assertThat(position("b")).hasValue(1);
    assertThat(position("c")).hasValue(2);
    fold("a", dispatched());
    assertThat(position("a")).isEmpty();
    assertThat(position("b")).hasValue(0);
    assertThat(position("c")).hasValue(1);
  }

  @Test
  void whatIsCancelledOrTooLateMakesPlaceAtOnce() {
    accept("a", 4, 10);
    accept("b", 4, 20);
    accept("c", 4, 30);

    fold("a", cancelRequested());
    fold("b", deadlinePassed());

    assertThat(position("a")).isEmpty();
    assertThat(position("b")).isEmpty();
    assertThat(position("c")).hasValue(0);
    assertThat(admitted()).containsExactly("c");
  }

  @Test
  void aGenerationOfAnUnknownPoolHasNoPosition() {
    GenerationState stranger =
        Fold.apply(Optional.empty(), accepted(request(1).setPool("other").build()), 0)
            .orElseThrow();

    assertThat(queue.position(stranger)).isEmpty();
  }

  @Test
  void poolsDoNotWaitForEachOther() {
    accept("a", 4, 10, "one");
    fold("a", dispatched());
    accept("b", 4, 20, "one");
    accept("c", 4, 30, "two");

    assertThat(admitted()).containsExactly("c");
    assertThat(position("b")).hasValue(0);
    assertThat(position("c")).hasValue(0);
  }

  @Test
  void afterEverythingHasEndedTheWholeWindowIsThereAgain() {
    for (int i = 0; i < 10; i++) {
      String id = "g" + i;
      accept(id, 2, i);
      if (i % 2 == 0) {
        fold(id, dispatched());
      }
      fold(id, denoised(1));
      fold(id, stored(0));
      fold(id, imageFailed(1, "x"));
      fold(id, stored(1));
      fold(id, succeeded());
      fold(id, settled());
    }
    accept("x", 4, 100);
    accept("y", 1, 200);

    assertThat(admitted()).containsExactly("x");
    assertThat(position("x")).hasValue(0);
  }

  @Test
  void aLiveFrameComesFirstAndDoesNotWaitForTheWindow() {
    accept("a", 4, 10);
    fold("a", dispatched());
    accept("b", 1, 20);
    fold(
        "live",
        accepted(
            request(1)
                .setGenerationId("live")
                .setLive(true)
                .setAcceptedAtMs(ACCEPTED_AT_MS + 30)
                .build()));

    assertThat(admitted()).containsExactly("live");
    assertThat(position("live")).hasValue(0);
    assertThat(position("b")).hasValue(1);
    fold("live", dispatched());
    assertThat(admitted()).isEmpty();
    fold("a", stored(0));
    assertThat(admitted()).as("it has taken none of its room").containsExactly("b");
  }

  private void accept(String id, int count, long laterMs) {
    accept(id, count, laterMs, "default");
  }

  private void accept(String id, int count, long laterMs, String pool) {
    fold(
        id,
        accepted(
            request(count)
                .setGenerationId(id)
                .setPool(pool)
                .setAcceptedAtMs(ACCEPTED_AT_MS + laterMs)
                .build()));
  }

  private void fold(String id, GenerationEvent fact) {
    Optional<GenerationState> before = Optional.ofNullable(states.get(id));
    GenerationState after = Fold.apply(before, fact, 0).orElseThrow();
    queue.update(before, after);
    states.put(id, after);
  }

  private List<String> admitted() {
    return queue.admitted().stream().map(GenerationState::id).toList();
  }

  private OptionalInt position(String id) {
    return queue.position(states.get(id));
  }
}
