package dev.latentline.bench;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import dev.latentline.contract.Topic;
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

/** Reads a topic from now on. */
final class Tail<T> implements AutoCloseable {
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Parser<T> parser;

  Tail(String bootstrapServers, Topic topic, Parser<T> parser) {
    this.parser = parser;
    consumer =
        new KafkaConsumer<>(
            Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        IntStream.range(0, topic.partitions())
            .mapToObj(i -> new TopicPartition(topic.topicName(), i))
            .toList();
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
  }

  /** Everything that is told until one is as wanted. */
  List<T> until(Predicate<T> wanted, Duration atMost) {
    List<T> told = new ArrayList<>();
    long end = System.nanoTime() + atMost.toNanos();
    while (System.nanoTime() < end) {
      boolean found = false;
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
        T message = parse(record.value());
        told.add(message);
        found |= wanted.test(message);
      }
      if (found) {
        return told;
      }
    }
    throw new IllegalStateException("nothing was told for " + atMost);
  }

  private T parse(byte[] value) {
    try {
      return parser.parseFrom(value);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    consumer.close();
  }
}
