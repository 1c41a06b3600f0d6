package dev.latentline.kit.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.contract.Limits;
import dev.latentline.proto.v1.Cancel;
import dev.latentline.proto.v1.Control;
import dev.latentline.testkit.Patience;
import io.smallrye.reactive.messaging.kafka.api.IncomingKafkaRecordMetadata;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(Patience.TEST_SECONDS)
class CancelledGenerationsTest {
  private static final String ID = "gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b";

  private final CancelledGenerations cancelled = new CancelledGenerations();

  @Test
  void aGenerationIsCancelledFromItsOrderOn() {
    assertThat(cancelled.contains(ID)).isFalse();

    read(0, cancel(ID, Instant.now().plusSeconds(60)));

    assertThat(cancelled.contains(ID)).isTrue();
    assertThat(cancelled.contains(ID.replace('b', 'c'))).isFalse();
  }

  @Test
  void anOrderOfAnotherKindCancelsNothing() {
    Control unknown =
        Control.newBuilder()
            .setGenerationId(ID)
            .setDeadlineMs(Instant.now().plusSeconds(60).toEpochMilli())
            .build();

    read(0, unknown.toByteArray());

    assertThat(cancelled.contains(ID)).isFalse();
  }

  @Test
  void anOrderIsKeptUntilNoRecordOfTheGenerationIsWorkedOnAnyMore() {
    Instant stillWorkedOn = Instant.now().minus(Limits.CLOCK_SKEW);
    Instant over = stillWorkedOn.minus(Limits.CLOCK_SKEW).minusSeconds(1);
    String forgotten = ID.replace('b', 'c');

    read(0, cancel(ID, stillWorkedOn));
    read(1, cancel(forgotten, over));

    assertThat(cancelled.contains(ID)).isTrue();
    assertThat(cancelled.contains(forgotten)).isFalse();
  }

  @Test
  void whatIsUnreadableIsSkippedAcknowledgedAndReadPast() throws Exception {
    assertThat(read(0, new byte[] {(byte) 0xff, 1})).isTrue();
    assertThat(read(1, null)).isTrue();
    assertThat(read(2, cancel(ID, Instant.now().plusSeconds(60)))).isTrue();

    cancelled.awaitPosition(3);
    assertThat(cancelled.contains(ID)).isTrue();
  }

  @Test
  void whoWaitsForAPositionWaitsUntilEveryOrderBeforeItIsRead() {
    read(0, cancel(ID, Instant.now().plusSeconds(60)));
    CompletableFuture<Void> caughtUp = new CompletableFuture<>();
    Thread waiting =
        new Thread(
            () -> {
              try {
                cancelled.awaitPosition(2);
                caughtUp.complete(null);
              } catch (InterruptedException e) {
                caughtUp.completeExceptionally(e);
              }
            });
    waiting.start();
    await()
        .atMost(Patience.SOON)
        .until(() -> waiting.getState() == Thread.State.WAITING || caughtUp.isDone());
    assertThat(caughtUp).isNotDone();

    read(1, cancel(ID, Instant.now().plusSeconds(60)));

    assertThat(caughtUp).succeedsWithin(Patience.SOON);
  }

  /** Whether the record was acknowledged. */
  private boolean read(long offset, byte[] value) {
    AtomicBoolean acknowledged = new AtomicBoolean();
    Message<byte[]> message =
        new Message<>() {
          @Override
          public byte[] getPayload() {
            return value;
          }

          @Override
          public Metadata getMetadata() {
            return Metadata.of(
                new IncomingKafkaRecordMetadata<>(
                    new ConsumerRecord<>("generation.control", 0, offset, ID, value),
                    "generation-control"));
          }

          @Override
          public java.util.concurrent.CompletionStage<Void> ack() {
            acknowledged.set(true);
            return CompletableFuture.completedFuture(null);
          }
        };
    cancelled.read(message).toCompletableFuture().join();
    return acknowledged.get();
  }

  private static byte[] cancel(String id, Instant deadline) {
    return Control.newBuilder()
        .setGenerationId(id)
        .setDeadlineMs(deadline.toEpochMilli())
        .setCancel(Cancel.getDefaultInstance())
        .build()
        .toByteArray();
  }
}
