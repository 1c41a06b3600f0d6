package dev.latentline.kit.workqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which attempts count against a record. */
@Timeout(Patience.TEST_SECONDS)
class AttemptsIT extends SlotsAtABroker {
  private final List<WorkItem> seen = new CopyOnWriteArrayList<>();

  @Test
  void theThirdAttemptThatGetsNoFurtherIsTheLast() {
    start(WorkItem::attempt, this::fail);
    String generation = write("fails");

    deadLetter(generation);

    assertThat(seen).extracting(WorkItem::attempt).containsExactly(1, 2, 3);
    assertThat(seen).extracting(WorkItem::lastAttempt).containsExactly(false, false, true);
  }

  @Test
  void workThatGetsFurtherEachTimeIsNeverGivenUp() {
    start(
        item -> 0,
        item ->
            item.attempt() < 12 ? fail(item) : CompletableFuture.completedFuture(succeed(item)));
    String generation = write("crawls");

    await().atMost(SOON).until(() -> seen.size() == 12);
    assertThat(seen).extracting(WorkItem::attempt).doesNotHaveDuplicates();
    assertThat(seen).noneMatch(WorkItem::lastAttempt);
    assertThat(RecordReader.open().all(DEAD_LETTERS))
        .noneMatch(
            letter -> generation.equals(RecordReader.header(letter, HeaderNames.GENERATION_ID)));
  }

  @Test
  void afterItsLastProgressThreeAttemptsAreLeft() {
    start(item -> Math.max(0, item.attempt() - 2), this::fail);
    String generation = write("stops");

    assertThat(first(deadLetter(generation), HeaderNames.DEAD_LETTER_ATTEMPTS)).isEqualTo("5");
    assertThat(seen)
        .extracting(WorkItem::lastAttempt)
        .containsExactly(false, false, false, false, true);
  }

  @Test
  void aRecordWhoseWorkerDiesThreeTimesAtNothingIsGivenUp() {
    String generation = write("kills");
    for (int i = 0; i < 3; i++) {
      dieWithARecord();
    }

    start(WorkItem::attempt, this::fail);

    assertThat(first(deadLetter(generation), HeaderNames.DEAD_LETTER_CODE))
        .isEqualTo("attempts_exhausted");
    assertThat(seen).isEmpty();
  }

  @Test
  void aRecordWhoseWorkerDiesAfterProgressIsWorkedAtAndNeverDroppedByTheBroker() {
    write("kills");
    // the broker drops it after QueueSettings.DELIVERY_COUNT_LIMIT deliveries
    for (int i = 0; i < QueueSettings.DELIVERY_COUNT_LIMIT - 3; i++) {
      dieWithARecord();
    }

    start(item -> 1, item -> CompletableFuture.completedFuture(succeed(item)));

    await().atMost(SOON).until(() -> !seen.isEmpty());
    WorkItem item = seen.get(0);
    assertThat(item.attempt()).isEqualTo(QueueSettings.DELIVERY_COUNT_LIMIT - 2);
    assertThat(item.headers())
        .as("published again")
        .containsEntry(
            HeaderNames.ATTEMPTS, Integer.toString(QueueSettings.DELIVERY_COUNT_LIMIT - 3));
  }

  @Test
  void anOutageWhileItIsAskedHowFarTheWorkCameIsWaitedOut() {
    AtomicInteger asked = new AtomicInteger();
    write("waits");
    for (int i = 0; i < 3; i++) {
      dieWithARecord();
    }

    start(
        item -> {
          if (asked.incrementAndGet() < 5) {
            throw new Failure.Retryable(Failure.STORE_UNAVAILABLE, "away");
          }
          return 1;
        },
        item -> CompletableFuture.completedFuture(succeed(item)));

    await().atMost(SOON).until(() -> !seen.isEmpty());
    assertThat(asked.get()).isEqualTo(5);
    assertThat(seen.get(0).attempt()).isEqualTo(4);
    assertThat(seen.get(0).lastAttempt()).isFalse();
  }

  private void start(Attempts attempts, Function<WorkItem, CompletableFuture<Void>> stage) {
    start(
        queue(LOCK, QueueSettings.DEFAULT_STALL_LIMIT),
        work(stage, attempts),
        SlotGate.shared(1, held -> true));
  }

  private CompletableFuture<Void> fail(WorkItem item) {
    seen.add(item);
    return CompletableFuture.failedFuture(new IllegalStateException("fails"));
  }

  private Void succeed(WorkItem item) {
    seen.add(item);
    return null;
  }
}
