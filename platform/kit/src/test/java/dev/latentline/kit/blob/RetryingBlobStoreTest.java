package dev.latentline.kit.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(value = 10, unit = TimeUnit.SECONDS)
class RetryingBlobStoreTest {
  private static final byte[] BYTES = {1, 2, 3};
  private static final Failure.Retryable AWAY =
      new Failure.Retryable("store_unavailable", "the store did not answer");

  private final MemoryBlobStore memory = new MemoryBlobStore();

  /** Every operation, at an object that is there. */
  enum Operation {
    PUT(
        store -> {
          store.put("a", BYTES, "x");
          return null;
        }),
    PUT_IF_ABSENT(store -> store.putIfAbsent("a", BYTES, "x")),
    GET(store -> store.get("a").orElseThrow()),
    EXISTS(store -> store.exists("a")),
    DELETE(
        store -> {
          store.delete("a");
          return null;
        }),
    LIST(store -> store.list("", "", 10)),
    LIST_OLDER(store -> store.listOlder(Instant.EPOCH, "", "", 10));

    private final Function<BlobStore, Object> call;

    Operation(Function<BlobStore, Object> call) {
      this.call = call;
    }
  }

  @ParameterizedTest
  @EnumSource(Operation.class)
  void anOutageShorterThanThePatienceIsNotSeen(Operation operation) {
    memory.put("a", BYTES, "x");
    MemoryBlobStore always = new MemoryBlobStore();
    always.put("a", BYTES, "x");
    Object expected = operation.call.apply(always);

    memory.failNext(1, AWAY);
    Object result = operation.call.apply(store(Duration.ofSeconds(5)));

    assertThat(result).isEqualTo(expected);
    assertThat(memory.calls()).isEqualTo(3);
    assertThat(memory.objects().keySet()).isEqualTo(always.objects().keySet());
  }

  @Test
  void aLongerOutageIsToldAsTheStoreToldIt() {
    memory.failNext(Integer.MAX_VALUE, AWAY);
    BlobStore store = store(Duration.ofMillis(250));

    long begin = System.nanoTime();
    assertThatThrownBy(() -> store.get("a")).isSameAs(AWAY);

    assertThat(memory.calls()).isBetween(2, 4);
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void withoutPatienceThereIsOneTry() {
    memory.failNext(1, AWAY);

    assertThatThrownBy(() -> store(Duration.ZERO).get("a")).isSameAs(AWAY);
    assertThat(memory.calls()).isEqualTo(1);
  }

  @Test
  void whatCannotPassIsNotTriedAgain() {
    for (RuntimeException lasting :
        List.of(new Failure.Rejected("invalid", "no"), new IllegalStateException("a bug"))) {
      int before = memory.calls();
      memory.failNext(1, lasting);

      assertThatThrownBy(() -> store(Duration.ofSeconds(5)).exists("a")).isSameAs(lasting);
      assertThat(memory.calls()).isEqualTo(before + 1);
    }
  }

  @Test
  void aConditionalPutSaysWhetherItCreatedTheObjectAndNeverReplaces() {
    BlobStore store = store(Duration.ofSeconds(5));

    assertThat(store.putIfAbsent("a", BYTES, "x")).isTrue();
    assertThat(store.putIfAbsent("a", new byte[] {9}, "x")).isFalse();

    assertThat(memory.calls()).as("an answer of no is no failure").isEqualTo(2);
    assertThat(store.get("a")).hasValue(BYTES);
  }

  @Test
  void aConditionalPutWhoseAnswerWasLostReportsThatTheObjectWasThere() {
    memory.loseNextAnswer(AWAY);

    assertThat(store(Duration.ofSeconds(5)).putIfAbsent("a", BYTES, "x")).isFalse();
    assertThat(memory.objects()).containsOnlyKeys("a");
    assertThat(memory.objects().get("a")).isEqualTo(BYTES);
  }

  @Test
  void anInterruptEndsTheWaitAndStaysSet() {
    memory.failNext(Integer.MAX_VALUE, AWAY);
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> store(Duration.ofMinutes(5)).get("a")).isSameAs(AWAY);

    assertThat(Thread.interrupted()).isTrue();
    assertThat(memory.calls()).isEqualTo(1);
  }

  @Test
  void pausesDoubleUpToTwoSeconds() {
    assertThat(RetryingBlobStore.longer(Duration.ofMillis(100))).hasMillis(200);
    assertThat(RetryingBlobStore.longer(Duration.ofMillis(1_600))).hasMillis(2_000);
    assertThat(RetryingBlobStore.longer(Duration.ofMillis(2_000))).hasMillis(2_000);
  }

  private BlobStore store(Duration patience) {
    return RetryingBlobStore.wrap(memory, patience);
  }
}
