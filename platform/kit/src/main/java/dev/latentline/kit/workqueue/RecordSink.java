package dev.latentline.kit.workqueue;

import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Where a worker puts a record that it does not finish: dlq.{stage} when it is given up, its own
 * topic when another replica shall go on. Both wait for the broker, because the original is
 * acknowledged next. Thread-safe.
 */
final class RecordSink implements AutoCloseable {
  private static final int MAX_MESSAGE_CHARS = 500;
  private static final long SEND_TIMEOUT_MILLIS = 30_000;

  private final KafkaProducer<byte[], byte[]> producer;

  RecordSink(Map<String, Object> client) {
    Map<String, Object> settings = new java.util.HashMap<>(client);
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    settings.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topic.MAX_RECORD_BYTES);
    producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /**
   * @throws Failure.Retryable when the broker does not have it in time
   */
  void deadLetter(
      Stage stage, ConsumerRecord<byte[], byte[]> record, int attempts, Failure reason) {
    RecordHeaders headers = new RecordHeaders();
    // what the record says of itself must not pass for what we say of it
    for (Header header : record.headers()) {
      if (!header.key().startsWith(HeaderNames.DEAD_LETTER_PREFIX)) {
        headers.add(header);
      }
    }
    put(headers, HeaderNames.DEAD_LETTER_CODE, reason.code());
    put(headers, HeaderNames.DEAD_LETTER_MESSAGE, shortened(reason.getMessage()));
    put(headers, HeaderNames.DEAD_LETTER_STAGE, stage.id());
    put(headers, HeaderNames.DEAD_LETTER_ATTEMPTS, Integer.toString(attempts));
    put(headers, HeaderNames.DEAD_LETTER_TOPIC, record.topic());
    put(headers, HeaderNames.DEAD_LETTER_PARTITION, Integer.toString(record.partition()));
    put(headers, HeaderNames.DEAD_LETTER_OFFSET, Long.toString(record.offset()));
    send(
        new ProducerRecord<>(
            Topic.DEAD_LETTER.topicName(stage.id()), null, record.key(), record.value(), headers));
  }

  /**
   * Publishes the record again for another replica.
   *
   * @param attempts the attempts that count from now on
   * @throws Failure.Retryable when the broker does not have it in time
   */
  void handOn(ConsumerRecord<byte[], byte[]> record, int attempts) {
    Headers headers = new RecordHeaders(record.headers().toArray());
    headers.remove(HeaderNames.ATTEMPTS);
    put(headers, HeaderNames.ATTEMPTS, Integer.toString(attempts));
    send(new ProducerRecord<>(record.topic(), null, record.key(), record.value(), headers));
  }

  private void send(ProducerRecord<byte[], byte[]> record) {
    try {
      producer.send(record).get(SEND_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unavailable(e);
    } catch (ExecutionException | TimeoutException e) {
      throw unavailable(e);
    }
  }

  private static Failure.Retryable unavailable(Exception cause) {
    return new Failure.Retryable(
        Failure.BROKER_UNAVAILABLE, "the broker did not take a record in time", cause);
  }

  private static void put(Headers headers, String name, String value) {
    headers.add(name, value.getBytes(StandardCharsets.UTF_8));
  }

  private static String shortened(String message) {
    if (message == null) {
      return "";
    }
    return message.length() <= MAX_MESSAGE_CHARS
        ? message
        : message.substring(0, MAX_MESSAGE_CHARS);
  }

  @Override
  public void close() {
    producer.close(java.time.Duration.ofSeconds(2));
  }
}
