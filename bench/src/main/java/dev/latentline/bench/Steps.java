package dev.latentline.bench;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Topic;
import dev.latentline.proto.v1.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads generation.progress from now on. */
final class Steps implements AutoCloseable {
  private final KafkaConsumer<byte[], byte[]> consumer;

  Steps(String bootstrapServers) {
    consumer =
        new KafkaConsumer<>(
            Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    Topic topic = Topic.GENERATION_PROGRESS;
    List<TopicPartition> partitions =
        IntStream.range(0, topic.partitions())
            .mapToObj(i -> new TopicPartition(topic.topicName(), i))
            .toList();
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
  }

  /** Everything that is told until one is as wanted, or the time is over. */
  List<Progress> until(Predicate<Progress> wanted, Duration atMost) {
    List<Progress> told = new ArrayList<>();
    long end = System.nanoTime() + atMost.toNanos();
    while (System.nanoTime() < end) {
      boolean found = false;
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(20))) {
        Progress progress = parse(record.value());
        told.add(progress);
        found |= wanted.test(progress);
      }
      if (found) {
        return told;
      }
    }
    throw new IllegalStateException("nothing was told for " + atMost);
  }

  private static Progress parse(byte[] value) {
    try {
      return Progress.parseFrom(value);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    consumer.close();
  }
}
