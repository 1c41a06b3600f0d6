package dev.latentline.bench;

import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Topic;
import dev.latentline.proto.v1.GenerationEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Where the time of a picture goes: between the times at which its records were sent. */
final class Hops {
  /** In the order of the line; each until the one that follows. */
  private static final List<String> POINTS =
      List.of(
          "client sends",
          "accepted",
          "generation.requested",
          "prompt.tokenized",
          "embedding.ready",
          "latent.denoised",
          "stored",
          "client has it");

  /** A picture that a client waited for; Unix milliseconds. */
  record Shown(String id, long sentAtMs, long atMs, double millis) {}

  private Hops() {}

  static void print(String broker, List<Shown> pictures) throws Exception {
    Map<String, Map<String, Long>> times = read(broker);
    System.out.printf("%nwhere the time of one prompt at a time goes, p50 of milliseconds%n");
    for (int i = 1; i < POINTS.size(); i++) {
      List<Double> hop = new ArrayList<>();
      for (Shown picture : pictures) {
        Map<String, Long> of = times.getOrDefault(picture.id(), Map.of());
        Long from = i == 1 ? Long.valueOf(picture.sentAtMs()) : of.get(POINTS.get(i - 1));
        Long to = i == POINTS.size() - 1 ? Long.valueOf(picture.atMs()) : of.get(POINTS.get(i));
        if (from != null && to != null) {
          hop.add((double) (to - from));
        }
      }
      System.out.printf(
          Locale.ROOT,
          "%-22s -> %-22s %6.0f%n",
          POINTS.get(i - 1),
          POINTS.get(i),
          Figures.median(hop));
    }
  }

  /** By generation and point. */
  private static Map<String, Map<String, Long>> read(String broker) throws Exception {
    Map<String, Map<String, Long>> times = new HashMap<>();
    Map<String, Object> settings = Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, broker);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String topic :
          List.of(
              Topic.GENERATION_EVENT.topicName(),
              "generation.requested",
              "prompt.tokenized",
              Topic.EMBEDDING_READY.topicName("default"),
              "latent.denoised")) {
        for (PartitionInfo info : consumer.partitionsFor(topic)) {
          partitions.add(new TopicPartition(topic, info.partition()));
        }
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          times
              .computeIfAbsent(generation(record), id -> new HashMap<>())
              .putIfAbsent(point(record), record.timestamp());
        }
      }
    }
    return times;
  }

  private static String generation(ConsumerRecord<byte[], byte[]> record) {
    Header id = record.headers().lastHeader(HeaderNames.GENERATION_ID);
    return new String(id.value(), StandardCharsets.UTF_8);
  }

  private static String point(ConsumerRecord<byte[], byte[]> record) throws Exception {
    if (record.topic().equals(Topic.GENERATION_EVENT.topicName())) {
      return GenerationEvent.parseFrom(record.value())
          .getFactCase()
          .name()
          .toLowerCase(Locale.ROOT);
    }
    return record.topic().startsWith("embedding.ready") ? "embedding.ready" : record.topic();
  }
}
