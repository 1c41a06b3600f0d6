package dev.latentline.kit.workqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** For how long a slot holds a record that is worked at. */
@Timeout(Patience.TEST_SECONDS)
class HeldRecordIT extends SlotsAtABroker {
  @Test
  void aJobLongerThanItsLockIsDeliveredOnce() {
    List<WorkItem> seen = new CopyOnWriteArrayList<>();
    CompletableFuture<Void> job = new CompletableFuture<>();
    Function<WorkItem, CompletableFuture<Void>> stage =
        item -> {
          seen.add(item);
          return job;
        };
    start(LOCK, stage);
    start(LOCK, stage);
    write("long");
    await().atMost(SOON).until(() -> !seen.isEmpty());

    await()
        .during(LOCK.multipliedBy(5))
        .atMost(SOON)
        .until(() -> seen.size() == 1 && !seen.get(0).lease().lost());
    job.complete(null);

    write("next");
    await().atMost(SOON).until(() -> seen.size() == 2);
    assertThat(seen.get(1).key()).isEqualTo("next");
  }

  @Test
  void anOutageIsWaitedOutAndNoAttempt() {
    List<WorkItem> calls = new CopyOnWriteArrayList<>();
    Function<WorkItem, CompletableFuture<Void>> stage =
        item -> {
          calls.add(item);
          return calls.size() < 5
              ? CompletableFuture.failedFuture(
                  new Failure.Retryable(Failure.STORE_UNAVAILABLE, "away"))
              : CompletableFuture.completedFuture(null);
        };
    start(LOCK, stage);
    start(LOCK, stage);
    String generation = write("waits");

    await().atMost(SOON).until(() -> calls.size() >= 5);
    await().during(LOCK).atMost(SOON).until(() -> calls.size() == 5);
    assertThat(calls).extracting(WorkItem::attempt).containsOnly(1);
    assertThat(calls).extracting(WorkItem::lease).as("one delivery").containsOnly(lease(calls));
    assertThat(lease(calls).lost()).isFalse();
    assertThat(RecordReader.open().all(DEAD_LETTERS))
        .noneMatch(
            letter -> generation.equals(RecordReader.header(letter, HeaderNames.GENERATION_ID)));
  }

  @Test
  void anOutageIsNotWaitedOutPastTheDeadlineNorForACancelledGeneration() {
    List<String> calls = new CopyOnWriteArrayList<>();
    start(
        LOCK,
        item -> {
          calls.add(item.key());
          switch (item.key()) {
            case "cancelled" -> cancelled.add(item.generationId());
            case "late" -> now.updateAndGet(time -> time.plusSeconds(2));
            default -> {
              return CompletableFuture.completedFuture(null);
            }
          }
          return CompletableFuture.failedFuture(
              new Failure.Retryable(Failure.BROKER_UNAVAILABLE, "away"));
        });
    write("cancelled");
    write("late", takenFor(Duration.ofSeconds(1)));
    await().atMost(SOON).until(() -> calls.containsAll(List.of("cancelled", "late")));
    write("next");

    await().atMost(SOON).until(() -> calls.contains("next"));
    await().during(LOCK.multipliedBy(2)).atMost(SOON).until(() -> calls.size() == 3);
    assertThat(calls).containsExactlyInAnyOrder("cancelled", "late", "next");
  }

  @Test
  void aRecordThatWaitsForAnOutageIsHandedOnAtShutdown() {
    List<WorkItem> calls = new CopyOnWriteArrayList<>();
    ShareSlot first =
        start(
            LOCK,
            item -> {
              calls.add(item);
              return CompletableFuture.failedFuture(
                  new Failure.Retryable(Failure.STORE_UNAVAILABLE, "away"));
            });
    write("waits");
    await().atMost(SOON).until(() -> !calls.isEmpty());

    first.close();

    CompletableFuture<WorkItem> second = new CompletableFuture<>();
    start(
        LOCK,
        item -> {
          second.complete(item);
          return CompletableFuture.completedFuture(null);
        });
    assertThat(second.orTimeout(SOON.toSeconds(), TimeUnit.SECONDS).join().attempt()).isEqualTo(1);
  }

  @Test
  void aLeaseThatLapsedIsToldAndTheRecordIsDeliveredAgain() {
    CompletableFuture<Lease> lost = new CompletableFuture<>();
    CompletableFuture<Void> ended = new CompletableFuture<>();
    List<Integer> attempts = new CopyOnWriteArrayList<>();
    // renews too late: like a process that was frozen
    start(
        LOCK.multipliedBy(6),
        item -> {
          attempts.add(item.attempt());
          if (item.attempt() > 1) {
            return CompletableFuture.completedFuture(null);
          }
          item.lease().onLost(() -> lost.complete(item.lease()));
          item.lease().onLost(() -> ended.complete(null));
          return ended;
        });
    write("frozen");

    await().atMost(SOON).until(lost::isDone);
    await().atMost(SOON).until(() -> attempts.size() >= 2);
    assertThat(lost.join().lost()).isTrue();
    // the consumer may have let another lease lapse in its buffer meanwhile
    assertThat(attempts.get(0)).isEqualTo(1);
    assertThat(attempts.get(1)).isGreaterThan(1);
  }

  @Test
  void workThatHangsLosesItsRecordAndTheSlotIsNotReadyUntilItEnds() {
    CompletableFuture<Void> never = new CompletableFuture<>();
    List<Integer> attempts = new CopyOnWriteArrayList<>();
    Function<WorkItem, CompletableFuture<Void>> stage =
        item -> {
          attempts.add(item.attempt());
          return attempts.size() == 1 ? never : CompletableFuture.completedFuture(null);
        };
    ShareSlot hanging = start(LOCK, Duration.ofSeconds(2), stage);
    write("hangs");
    await().atMost(SOON).until(() -> attempts.size() == 1);
    ShareSlot other = start(LOCK, stage);

    await().atMost(SOON).until(() -> attempts.size() == 2);
    await().atMost(SOON).until(() -> !hanging.polling());
    assertThat(attempts).containsExactly(1, 2);
    assertThat(other.polling()).isTrue();
    never.complete(null);

    await().atMost(SOON).until(hanging::polling);
  }

  @Test
  void workThatHangsInEveryAttemptIsADeadLetter() {
    List<Integer> attempts = new CopyOnWriteArrayList<>();
    start(
        LOCK,
        LOCK,
        item -> {
          attempts.add(item.attempt());
          CompletableFuture<Void> ended = new CompletableFuture<>();
          item.lease().onLost(() -> ended.complete(null));
          return ended;
        });
    String generation = write("hangs");

    assertThat(first(deadLetter(generation), HeaderNames.DEAD_LETTER_CODE))
        .isEqualTo("work_stalled");
    assertThat(attempts).containsExactly(1, 2, 3);
  }

  @Test
  void workThatSaysThatItGoesOnKeepsItsLease() {
    CompletableFuture<WorkItem> taken = new CompletableFuture<>();
    CompletableFuture<Void> job = new CompletableFuture<>();
    start(
        LOCK,
        LOCK,
        item -> {
          taken.complete(item);
          return job;
        });
    write("steps");
    Lease lease = taken.orTimeout(SOON.toSeconds(), TimeUnit.SECONDS).join().lease();

    await()
        .pollInterval(Duration.ofMillis(50))
        .during(LOCK.multipliedBy(4))
        .atMost(SOON)
        .until(
            () -> {
              lease.progress();
              return !lease.lost();
            });
    job.complete(null);
  }

  @Test
  void workThatNobodyWantsAnyMoreIsStoppedAndItsRecordDone() {
    List<WorkItem> seen = new CopyOnWriteArrayList<>();
    start(
        LOCK,
        item -> {
          seen.add(item);
          CompletableFuture<Void> ended = new CompletableFuture<>();
          item.lease().onLost(() -> ended.complete(null));
          return ended;
        });
    String generation = write("cancelled");
    await().atMost(SOON).until(() -> seen.size() == 1);
    cancelled.add(generation);
    await().atMost(SOON).until(() -> seen.get(0).lease().lost());

    write("late", takenFor(Duration.ofSeconds(1)));
    await().atMost(SOON).until(() -> seen.size() == 2);
    now.updateAndGet(time -> time.plusSeconds(2));
    await().atMost(SOON).until(() -> seen.get(1).lease().lost());

    write("next");
    await().atMost(SOON).until(() -> seen.size() >= 3);
    await().during(LOCK.multipliedBy(2)).atMost(SOON).until(() -> seen.size() == 3);
    assertThat(seen).extracting(WorkItem::key).containsExactly("cancelled", "late", "next");
  }
}
