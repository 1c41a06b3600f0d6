package dev.latentline.testkit;

import dev.latentline.contract.HeaderNames;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes records to topics as a service would, byte by byte. */
public final class RecordWriter implements AutoCloseable {
  private final KafkaProducer<String, byte[]> producer;

  public RecordWriter(String bootstrapServers) {
    producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrapServers,
                ProducerConfig.ACKS_CONFIG,
                "all",
                ProducerConfig.LINGER_MS_CONFIG,
                0,
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                8 * 1024 * 1024),
            new StringSerializer(),
            new ByteArraySerializer());
  }

  /** A writer for the shared stack. */
  public static RecordWriter open() {
    return new RecordWriter(TestStack.shared().bootstrapServers());
  }

  /**
   * The headers that every record of a generation carries.
   *
   * @param type the message's name, as {@code PromptTokenized}
   */
  public static Map<String, String> headers(String generationId, Instant deadline, String type) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put(HeaderNames.SCHEMA_VERSION, HeaderNames.SCHEMA_VERSION_VALUE);
    headers.put(HeaderNames.CE_SPECVERSION, "1.0");
    headers.put(HeaderNames.CE_ID, UUID.randomUUID().toString());
    headers.put(HeaderNames.CE_SOURCE, "latentline/test");
    headers.put(HeaderNames.CE_TYPE, "latentline.v1." + type);
    headers.put(HeaderNames.GENERATION_ID, generationId);
    headers.put(HeaderNames.DEADLINE, Long.toString(deadline.toEpochMilli()));
    return headers;
  }

  /** Writes a record and waits until the broker has it. */
  public RecordMetadata write(String topic, String key, byte[] value, Map<String, String> headers) {
    ProducerRecord<String, byte[]> record = new ProducerRecord<>(topic, key, value);
    headers.forEach(
        (name, text) -> record.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
    return write(record);
  }

  /** Writes any record and waits until the broker has it. */
  public RecordMetadata write(ProducerRecord<String, byte[]> record) {
    try {
      return producer.send(record).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the record was not written", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    producer.close();
  }
}
