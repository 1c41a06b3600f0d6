package dev.latentline.kit.workqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a record. */
@Timeout(Patience.TEST_SECONDS)
class ShareSlotIT extends SlotsAtABroker {
  private static final Logger LOG = Logger.getLogger(Delivery.class.getName());

  @Test
  void aFailureIsTriedThreeTimesAndThenADeadLetter() throws Exception {
    List<Integer> attempts = new CopyOnWriteArrayList<>();
    List<LogRecord> logged = new CopyOnWriteArrayList<>();
    Handler handler = keepingIn(logged);
    LOG.addHandler(handler);
    start(
        LOCK,
        item -> {
          attempts.add(item.attempt());
          return CompletableFuture.failedFuture(
              new IllegalStateException("secret prompt", new Exception("secret key")));
        });
    String generation = write("fails");

    ConsumerRecord<String, byte[]> letter = deadLetter(generation);
    LOG.removeHandler(handler);

    assertThat(logged)
        .extracting(new SimpleFormatter()::format)
        .noneMatch(line -> line.contains("secret"))
        .anyMatch(
            line -> line.contains(generation) && line.contains("java.lang.IllegalStateException"));

    assertThat(attempts).containsExactly(1, 2, 3);
    assertThat(letter.key()).isEqualTo("fails");
    assertThat(letter.value()).isEqualTo("fails".getBytes(StandardCharsets.UTF_8));
    assertThat(first(letter, HeaderNames.DEAD_LETTER_CODE)).isEqualTo("internal_error");
    assertThat(first(letter, HeaderNames.DEAD_LETTER_MESSAGE))
        .contains("IllegalStateException")
        .doesNotContain("secret");
    assertThat(first(letter, HeaderNames.DEAD_LETTER_ATTEMPTS)).isEqualTo("3");
    assertThat(first(letter, HeaderNames.DEAD_LETTER_TOPIC)).isEqualTo(topic);
  }

  private static Handler keepingIn(List<LogRecord> logged) {
    return new Handler() {
      @Override
      public void publish(LogRecord record) {
        logged.add(record);
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
  }

  @Test
  void aFailureThatPassesIsNoDeadLetter() {
    List<Integer> attempts = new CopyOnWriteArrayList<>();
    start(
        LOCK,
        item -> {
          attempts.add(item.attempt());
          return item.attempt() < 3
              ? CompletableFuture.failedFuture(new Failure.Retryable("artifact_altered", "again"))
              : CompletableFuture.completedFuture(null);
        });
    String generation = write("passes");
    await().atMost(SOON).until(() -> attempts.size() == 3);
    String other = write("fails for good", Map.of(HeaderNames.DEADLINE, "no number"));

    deadLetter(other);
    assertThat(RecordReader.open().all(DEAD_LETTERS))
        .noneMatch(
            letter -> generation.equals(RecordReader.header(letter, HeaderNames.GENERATION_ID)));
  }

  @Test
  void whatIsRejectedIsADeadLetterAtOnce() {
    List<Integer> attempts = new CopyOnWriteArrayList<>();
    start(
        LOCK,
        item -> {
          attempts.add(item.attempt());
          return CompletableFuture.failedFuture(new Failure.Rejected("invalid_tokens", "none"));
        });
    String generation = write("rejected");

    ConsumerRecord<String, byte[]> letter = deadLetter(generation);

    assertThat(attempts).containsExactly(1);
    assertThat(first(letter, HeaderNames.DEAD_LETTER_CODE)).isEqualTo("invalid_tokens");
  }

  @Test
  void aRecordCannotSpeakForItsOwnDeadLetter() {
    start(
        LOCK,
        item -> CompletableFuture.failedFuture(new Failure.Rejected("invalid_tokens", "none")));
    String generation =
        write(
            "shadow",
            Map.of(HeaderNames.DEAD_LETTER_CODE, "forged", HeaderNames.DEAD_LETTER_STAGE, "x"));

    ConsumerRecord<String, byte[]> letter = deadLetter(generation);

    assertThat(letter.headers().headers(HeaderNames.DEAD_LETTER_CODE)).hasSize(1);
    assertThat(first(letter, HeaderNames.DEAD_LETTER_CODE)).isEqualTo("invalid_tokens");
    assertThat(first(letter, HeaderNames.DEAD_LETTER_STAGE)).isEqualTo("encoder");
  }

  @Test
  void poisonIsSetAsideAndTheQueueGoesOn() {
    List<String> seen = new CopyOnWriteArrayList<>();
    start(
        LOCK,
        item -> {
          seen.add(item.key());
          return CompletableFuture.completedFuture(null);
        });
    writer.write(topic, null, new byte[] {1}, Map.of());
    writer.write(topic, "no value", null, headers(newId()));
    writer.write(topic, "no headers", new byte[] {1}, Map.of());
    write("other version", Map.of(HeaderNames.SCHEMA_VERSION, "999"));
    write("good");

    await().atMost(SOON).until(() -> lettersOfMyTopic() == 4);
    await().atMost(SOON).until(() -> seen.contains("good"));
    assertThat(seen).containsExactly("good");
  }

  private long lettersOfMyTopic() {
    return RecordReader.open().all(DEAD_LETTERS).stream()
        .filter(letter -> topic.equals(RecordReader.header(letter, HeaderNames.DEAD_LETTER_TOPIC)))
        .count();
  }

  @Test
  void recordsOfCancelledGenerationsAndThosePastTheirDeadlineAreDropped() {
    List<String> seen = new CopyOnWriteArrayList<>();
    String generation = newId();
    cancelled.add(generation);
    writer.write(topic, "cancelled", new byte[] {1}, headers(generation));
    write("late", takenFor(Duration.ofMillis(-1)));
    write("within the clocks' difference", takenFor(Duration.ZERO));
    write("good");
    start(
        LOCK,
        item -> {
          seen.add(item.key());
          return CompletableFuture.completedFuture(null);
        });

    await().atMost(SOON).until(() -> seen.size() >= 2);
    assertThat(seen).containsExactlyInAnyOrder("within the clocks' difference", "good");
  }

  @Test
  void onShutdownARecordIsHandedOnWithoutCountingAsAnAttempt() {
    CompletableFuture<WorkItem> taken = new CompletableFuture<>();
    CompletableFuture<Void> never = new CompletableFuture<>();
    ShareSlot first =
        start(
            LOCK,
            item -> {
              taken.complete(item);
              return never;
            });
    write("handed on");
    assertThat(taken.orTimeout(SOON.toSeconds(), TimeUnit.SECONDS).join().attempt()).isEqualTo(1);

    long begin = System.nanoTime();
    first.close();
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(9));
    assertThat(taken.join().lease().lost()).isTrue();

    List<WorkItem> second = new CopyOnWriteArrayList<>();
    start(
        LOCK,
        item -> {
          second.add(item);
          return CompletableFuture.completedFuture(null);
        });
    await().atMost(SOON).until(() -> second.size() == 1);
    assertThat(second.get(0).attempt()).isEqualTo(1);
    assertThat(second.get(0).key()).isEqualTo("handed on");
  }

  @Test
  void aRecordThatComesWhileTheSlotClosesIsHandedOnWithoutCountingAsAnAttempt() {
    CompletableFuture<WorkItem> seen = new CompletableFuture<>();
    Function<WorkItem, CompletableFuture<Void>> stage =
        item -> {
          seen.complete(item);
          return CompletableFuture.completedFuture(null);
        };
    write("late");

    deliverTo(new CountDownLatch(0), stage);

    assertThat(seen).isNotDone();
    start(LOCK, stage);
    WorkItem item = seen.orTimeout(SOON.toSeconds(), TimeUnit.SECONDS).join();
    assertThat(item.headers()).containsKey(HeaderNames.ATTEMPTS);
    assertThat(item.attempt()).isEqualTo(1);
  }

  @Test
  void attemptsBeforeARecordWasHandedOnCount() {
    List<Integer> attempts = new CopyOnWriteArrayList<>();
    start(
        LOCK,
        item -> {
          attempts.add(item.attempt());
          return CompletableFuture.failedFuture(new IllegalStateException("again"));
        });
    String generation = write("third", Map.of(HeaderNames.ATTEMPTS, "2"));
    String exhausted = write("fourth", Map.of(HeaderNames.ATTEMPTS, "3"));

    deadLetter(generation);

    assertThat(first(deadLetter(exhausted), HeaderNames.DEAD_LETTER_CODE))
        .isEqualTo("attempts_exhausted");
    assertThat(attempts).containsExactly(3);
  }
}
