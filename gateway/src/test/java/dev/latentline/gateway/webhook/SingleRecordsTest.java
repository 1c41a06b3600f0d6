package dev.latentline.gateway.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Topic;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class SingleRecordsTest {
  private static final TopicPartition PARTITION =
      new TopicPartition(Topic.WEBHOOK_DELIVERY.topicName(), 2);

  private final AtomicInteger opened = new AtomicInteger();
  private MockConsumer<String, byte[]> consumer;
  private final SingleRecords records =
      new SingleRecords(
          () -> {
            opened.incrementAndGet();
            consumer = new MockConsumer<>("earliest");
            return consumer;
          },
          Duration.ZERO);

  @Test
  void aRecordIsReadWhereItStandsAndNothingIsFetchedAfterwards() {
    open();
    atNextPoll(7, 8);

    assertThat(records.read("evt_1", 2, 7)).hasValue(new byte[] {7});
    assertThat(consumer.assignment()).isEmpty();
    atNextPoll(5);
    assertThat(records.read("evt_1", 2, 5)).hasValue(new byte[] {5});
    assertThat(opened).hasValue(1);
  }

  @Test
  void whatIsNoLongerThereIsNotTakenForWhatFollows() {
    open();
    atNextPoll(9);

    assertThat(records.read("evt_1", 2, 7)).isEmpty();
  }

  @Test
  void anotherWebhooksRecordIsNotTakenForIt() {
    open();
    atNextPoll(7);

    assertThat(records.read("evt_2", 2, 7)).isEmpty();
  }

  @Test
  void aBrokerThatDoesNotAnswerIsToldSo() {
    assertThatThrownBy(() -> records.read("evt_1", 2, 7)).isInstanceOf(Failure.Retryable.class);
  }

  @Test
  void afterAnErrorThereIsAnotherConnection() {
    open();
    consumer.setPollException(new KafkaException("broken"));
    assertThatThrownBy(() -> records.read("evt_1", 2, 7)).isInstanceOf(Failure.Retryable.class);
    assertThat(consumer.closed()).isTrue();

    open();
    atNextPoll(7);
    assertThat(records.read("evt_1", 2, 7)).hasValue(new byte[] {7});
  }

  /** By the first read, which finds nothing. */
  private void open() {
    assertThatThrownBy(() -> records.read("evt_1", 2, 0)).isInstanceOf(Failure.Retryable.class);
  }

  private void atNextPoll(long... offsets) {
    consumer.schedulePollTask(
        () -> {
          consumer.updateBeginningOffsets(Map.of(PARTITION, 0L));
          for (long offset : offsets) {
            consumer.addRecord(
                new ConsumerRecord<>(
                    PARTITION.topic(), 2, offset, "evt_1", new byte[] {(byte) offset}));
          }
        });
  }
}
