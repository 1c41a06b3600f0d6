package dev.latentline.testkit;

import dev.latentline.contract.HeaderNames;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads a whole topic from its beginning, without a group. */
public final class RecordReader {
  private static final Duration POLL = Duration.ofMillis(100);

  /** A reader that is done waits for the fetch that is under way: by default for half a second. */
  private static final int FETCH_WAIT_MILLIS = 50;

  private final String bootstrapServers;

  public RecordReader(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
  }

  /** A reader for the shared stack. */
  public static RecordReader open() {
    return new RecordReader(TestStack.shared().bootstrapServers());
  }

  /**
   * Reads until the wanted records suffice.
   *
   * @param wanted which records count; the others are dropped
   * @param enough asked with all wanted records so far, after each read
   * @return the wanted records, those of a partition in order
   * @throws AssertionError when the time is over; says how many there were
   */
  public List<ConsumerRecord<String, byte[]>> read(
      String topic,
      Predicate<ConsumerRecord<String, byte[]>> wanted,
      Predicate<List<ConsumerRecord<String, byte[]>>> enough,
      Duration atMost) {
    long deadline = System.nanoTime() + atMost.toNanos();
    List<ConsumerRecord<String, byte[]>> found = new ArrayList<>();
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (!enough.test(found)) {
        if (System.nanoTime() > deadline) {
          throw new AssertionError(
              String.format(
                  "%s had %d of the wanted records after %d ms, which is not enough",
                  topic, found.size(), atMost.toMillis()));
        }
        consumer
            .poll(POLL)
            .forEach(
                record -> {
                  if (wanted.test(record)) {
                    found.add(record);
                  }
                });
      }
    }
    return found;
  }

  /** The first so many records of a generation. */
  public List<ConsumerRecord<String, byte[]>> ofGeneration(
      String topic, String generationId, int count, Duration atMost) {
    return read(
        topic,
        record -> generationId.equals(header(record, HeaderNames.GENERATION_ID)),
        found -> found.size() >= count,
        atMost);
  }

  /** All records that are there now. */
  public List<ConsumerRecord<String, byte[]>> all(String topic) {
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      List<ConsumerRecord<String, byte[]>> found = new ArrayList<>();
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        consumer.poll(POLL).forEach(found::add);
      }
      return found;
    }
  }

  /** A header's text, or null. */
  public static String header(ConsumerRecord<?, ?> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
  }

  private KafkaConsumer<String, byte[]> consumer() {
    return new KafkaConsumer<>(
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers,
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
            false,
            ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG,
            FETCH_WAIT_MILLIS,
            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
            "read_uncommitted",
            ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
            false),
        new StringDeserializer(),
        new ByteArrayDeserializer());
  }
}
