package dev.latentline.gateway.webhook;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Topic;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads one record of webhook.delivery where it stands. Thread-safe; one at a time. */
@Singleton
class SingleRecords {
  private static final Duration ANSWER = Duration.ofSeconds(10);

  private final Supplier<Consumer<String, byte[]>> open;
  private final Duration answer;
  private Optional<Consumer<String, byte[]>> consumer = Optional.empty();

  @Inject
  SingleRecords(@Identifier("default-kafka-broker") Map<String, Object> client) {
    this(
        () ->
            new KafkaConsumer<>(
                settings(client), new StringDeserializer(), new ByteArrayDeserializer()),
        ANSWER);
  }

  /**
   * @param answer how long the broker may take
   */
  SingleRecords(Supplier<Consumer<String, byte[]>> open, Duration answer) {
    this.open = open;
    this.answer = answer;
  }

  private static Map<String, Object> settings(Map<String, Object> client) {
    Map<String, Object> settings = new HashMap<>(client);
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    // what a record is read with is thrown away
    settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 64 * 1024);
    return settings;
  }

  /**
   * The record at an offset; empty when it is no longer there, because a newer one of the same key
   * follows.
   *
   * @throws Failure.Retryable when the broker does not answer in time
   */
  synchronized Optional<byte[]> read(String key, int partition, long offset) {
    TopicPartition where = new TopicPartition(Topic.WEBHOOK_DELIVERY.topicName(), partition);
    try {
      if (consumer.isEmpty()) {
        consumer = Optional.of(open.get());
      }
      Consumer<String, byte[]> reader = consumer.get();
      reader.assign(List.of(where));
      reader.seek(where, offset);
      List<ConsumerRecord<String, byte[]>> found = reader.poll(answer).records(where);
      // fetches nothing more
      reader.assign(List.of());
      if (found.isEmpty()) {
        throw new Failure.Retryable("broker_unavailable", "the broker did not answer in time");
      }
      return Optional.of(found.get(0))
          .filter(record -> record.offset() == offset && record.key().equals(key))
          .map(ConsumerRecord::value);
    } catch (KafkaException e) {
      close();
      throw new Failure.Retryable("broker_unavailable", "the broker gave no record", e);
    }
  }

  @PreDestroy
  synchronized void close() {
    consumer.ifPresent(open -> open.close(CloseOptions.timeout(Duration.ZERO)));
    consumer = Optional.empty();
  }
}
