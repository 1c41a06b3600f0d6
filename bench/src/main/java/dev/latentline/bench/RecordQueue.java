package dev.latentline.bench;

import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.kit.workqueue.QueueSettings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes records to a broker's work queues. Thread-safe. */
final class RecordQueue implements AutoCloseable {
  private static final String POOL = "default";

  private final Map<String, Object> client;
  private final KafkaProducer<String, byte[]> producer;

  RecordQueue(String bootstrapServers) {
    client = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrapServers,
                ProducerConfig.LINGER_MS_CONFIG,
                0,
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                Topic.MAX_RECORD_BYTES),
            new StringSerializer(),
            new ByteArraySerializer());
  }

  Map<String, Object> client() {
    return client;
  }

  static String name(Topic topic) {
    return topic == Topic.EMBEDDING_READY ? topic.topicName(POOL) : topic.topicName();
  }

  QueueSettings settings(Topic topic, Stage stage) {
    return new QueueSettings(
        stage,
        name(topic),
        topic == Topic.EMBEDDING_READY ? topic.shareGroup(POOL) : topic.shareGroup(),
        QueueSettings.DEFAULT_LOCK,
        QueueSettings.DEFAULT_MAX_ATTEMPTS,
        QueueSettings.DEFAULT_SHUTDOWN_GRACE,
        QueueSettings.DEFAULT_STALL_LIMIT);
  }

  /** Waits until the broker has it. */
  void send(String topic, Stage source, String generationId, String key, byte[] value)
      throws InterruptedException, ExecutionException {
    List<Header> headers =
        List.of(
            header(HeaderNames.SCHEMA_VERSION, HeaderNames.SCHEMA_VERSION_VALUE),
            header(HeaderNames.CE_SOURCE, "latentline/" + source.id()),
            header(HeaderNames.GENERATION_ID, generationId),
            header(
                HeaderNames.DEADLINE,
                Long.toString(Instant.now().plus(Duration.ofHours(1)).toEpochMilli())));
    Future<?> sent = producer.send(new ProducerRecord<>(topic, null, key, value, headers));
    sent.get();
  }

  private static Header header(String name, String value) {
    return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(2));
  }
}
