package dev.latentline.gateway.webhook;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.proto.v1.WebhookDelivery;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Collection;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.jboss.logging.Logger;

/**
 * Reads the partitions of webhook.delivery that this gateway is assigned, each from its beginning:
 * what is there and has no tombstone is still to be delivered, once the end has been reached.
 */
@ApplicationScoped
@Identifier("webhook-delivery")
class DeliveryReader implements KafkaConsumerRebalanceListener {
  private static final Logger LOG = Logger.getLogger(DeliveryReader.class);
  private static final Duration ENDS = Duration.ofSeconds(10);

  private final WebhookDeliverer deliverer;

  DeliveryReader(WebhookDeliverer deliverer) {
    this.deliverer = deliverer;
  }

  @Override
  public void onPartitionsAssigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
    consumer.seekToBeginning(partitions);
    try {
      consumer
          .endOffsets(partitions, ENDS)
          .forEach((partition, end) -> deliverer.holdUntil(partition.partition(), end));
    } catch (KafkaException e) {
      // rather call a receiver once more than not at all
      LOG.warnf("the ends of %s are unknown: %s", partitions, e.toString());
    }
  }

  @Override
  public void onPartitionsRevoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
    partitions.forEach(partition -> deliverer.dropPartition(partition.partition()));
  }

  @Incoming("webhook-delivery")
  void read(ConsumerRecords<String, byte[]> records) {
    for (ConsumerRecord<String, byte[]> record : records) {
      read(record);
      deliverer.readUpTo(record.partition(), record.offset() + 1);
    }
  }

  private void read(ConsumerRecord<String, byte[]> record) {
    if (record.value() == null) {
      deliverer.finished(record.key());
      return;
    }
    try {
      deliverer.take(
          WebhookDelivery.parseFrom(record.value()), record.partition(), record.offset());
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      LOG.errorf(
          "partition=%d offset=%d: a delivery is unreadable and passed over",
          record.partition(), record.offset());
    }
  }
}
