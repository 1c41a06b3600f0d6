package dev.latentline.gateway.webhook;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Failure;
import dev.latentline.contract.Topic;
import dev.latentline.proto.v1.WebhookDelivery;
import io.smallrye.mutiny.TimeoutException;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.Record;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * Writes webhook.delivery, and reads one delivery of it. All deliveries to one host lie in one
 * partition, so that one gateway alone calls it and can hold back.
 */
@ApplicationScoped
class DeliveryLog implements WebhookOutbox {
  private static final Duration SEND_TIMEOUT = Duration.ofSeconds(40);

  private final MutinyEmitter<Record<String, byte[]>> channel;

  private final SingleRecords records;

  DeliveryLog(
      @Channel("webhook-delivery-out") MutinyEmitter<Record<String, byte[]>> channel,
      SingleRecords records) {
    this.channel = channel;
    this.records = records;
  }

  /**
   * The delivery at an offset; empty when it is no longer there, because a newer record of it
   * follows.
   *
   * @throws Failure.Retryable when the broker is away
   */
  Optional<WebhookDelivery> read(String webhookId, int partition, long offset) {
    return records.read(webhookId, partition, offset).map(DeliveryLog::parse);
  }

  private static WebhookDelivery parse(byte[] value) {
    try {
      return WebhookDelivery.parseFrom(value);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a delivery was readable before", e);
    }
  }

  @Override
  public void handOver(WebhookDelivery delivery) {
    write(delivery, partition(delivery.getUrl()), delivery.toByteArray());
  }

  /** What has become of a delivery, where it stands: nothing else replaces what is there. */
  void advance(WebhookDelivery delivery, int partition) {
    write(delivery, partition, delivery.toByteArray());
  }

  /** A tombstone: it is delivered, or nobody tries any more. */
  void finish(WebhookDelivery delivery, int partition) {
    write(delivery, partition, null);
  }

  private void write(WebhookDelivery delivery, int partition, byte[] value) {
    Message<Record<String, byte[]>> message =
        Message.of(Record.of(delivery.getWebhookId(), value))
            .addMetadata(
                OutgoingKafkaRecordMetadata.<String>builder().withPartition(partition).build());
    try {
      channel.sendMessage(message).await().atMost(SEND_TIMEOUT);
    } catch (TimeoutException e) {
      throw new Failure.Retryable("broker_unavailable", "the broker did not answer in time", e);
    } catch (RuntimeException e) {
      throw new Failure.Retryable("broker_unavailable", "the broker did not take a record", e);
    }
  }

  static int partition(String url) {
    return Math.floorMod(host(url).hashCode(), Topic.WEBHOOK_DELIVERY.partitions());
  }

  /** Host and port, however they are written: what shares one limit. */
  static String host(String url) {
    URI uri = URI.create(url);
    if (uri.getHost() == null) {
      throw new IllegalArgumentException("a webhook's URL names no host");
    }
    String name = uri.getHost().toLowerCase(Locale.ROOT);
    int port =
        uri.getPort() >= 0 ? uri.getPort() : "http".equalsIgnoreCase(uri.getScheme()) ? 80 : 443;
    return (name.endsWith(".") ? name.substring(0, name.length() - 1) : name) + ":" + port;
  }
}
