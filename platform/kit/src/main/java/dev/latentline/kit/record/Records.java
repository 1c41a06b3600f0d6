package dev.latentline.kit.record;

import com.google.protobuf.MessageLite;
import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Stage;
import dev.latentline.kit.workqueue.WorkItem;
import io.smallrye.mutiny.TimeoutException;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.eclipse.microprofile.reactive.messaging.Message;

/** Builds outgoing records with the contract's headers and sends them. */
public final class Records {
  /** Longer than the producer's own delivery.timeout.ms, which tells the reason. */
  private static final Duration SEND_TIMEOUT = Duration.ofSeconds(40);

  /** W3C Trace Context, version 00; all-zero ids are invalid. */
  private static final Pattern TRACEPARENT =
      Pattern.compile("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

  private Records() {}

  /**
   * A record that begins a trace: nothing led to it but a client's request or the owner's decision.
   */
  public static Message<byte[]> first(
      Stage source, String generationId, Instant deadline, String key, MessageLite value) {
    return message(source, generationId, deadline, newTrace(), key, value);
  }

  /** A record that follows from a work item: same generation, deadline and trace. */
  public static Message<byte[]> following(
      Stage source, WorkItem item, String key, MessageLite value) {
    String trace = item.headers().get(HeaderNames.TRACEPARENT);
    if (trace == null || !TRACEPARENT.matcher(trace).matches()) {
      trace = newTrace();
    }
    return message(source, item.generationId(), item.deadline(), trace, key, value);
  }

  /** The same record for another topic than its channel's: queues of pools, dead letters. */
  public static Message<byte[]> to(String topic, Message<byte[]> record) {
    OutgoingKafkaRecordMetadata<?> metadata =
        record.getMetadata(OutgoingKafkaRecordMetadata.class).orElseThrow();
    return record.addMetadata(OutgoingKafkaRecordMetadata.from(metadata).withTopic(topic).build());
  }

  /**
   * Sends and waits until the broker has it on all in-sync replicas.
   *
   * @throws Failure.Retryable with code {@code broker_unavailable} when the broker does not answer
   *     in time, {@code record_refused} when it does and waiting would not help
   */
  public static void send(MutinyEmitter<byte[]> channel, Message<byte[]> record) {
    try {
      channel.sendMessage(record).await().atMost(SEND_TIMEOUT);
    } catch (TimeoutException e) {
      throw new Failure.Retryable(
          Failure.BROKER_UNAVAILABLE, "the broker did not answer in time", e);
    } catch (RuntimeException e) {
      if (refused(e)) {
        throw new Failure.Retryable("record_refused", "the broker refuses a record", e);
      }
      throw new Failure.Retryable(
          Failure.BROKER_UNAVAILABLE, "the broker did not take a record", e);
    }
  }

  private static boolean refused(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ApiException && !(cause instanceof RetriableException)) {
        return true;
      }
    }
    return false;
  }

  private static Message<byte[]> message(
      Stage source,
      String generationId,
      Instant deadline,
      String trace,
      String key,
      MessageLite value) {
    Headers headers = new RecordHeaders();
    put(headers, HeaderNames.SCHEMA_VERSION, HeaderNames.SCHEMA_VERSION_VALUE);
    put(headers, HeaderNames.CE_SPECVERSION, "1.0");
    put(headers, HeaderNames.CE_ID, UUID.randomUUID().toString());
    put(headers, HeaderNames.CE_SOURCE, "latentline/" + source.id());
    put(headers, HeaderNames.CE_TYPE, "latentline.v1." + value.getClass().getSimpleName());
    put(headers, HeaderNames.TRACEPARENT, trace);
    put(headers, HeaderNames.GENERATION_ID, generationId);
    put(headers, HeaderNames.DEADLINE, Long.toString(deadline.toEpochMilli()));
    return Message.of(value.toByteArray())
        .addMetadata(
            OutgoingKafkaRecordMetadata.<String>builder()
                .withKey(key)
                .withHeaders(headers)
                .build());
  }

  private static String newTrace() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    // 1 in the lowest bit: an id must not be all zero
    return String.format(
        "00-%016x%016x-%016x-01", random.nextLong(), random.nextLong() | 1, random.nextLong() | 1);
  }

  private static void put(Headers headers, String name, String value) {
    headers.add(name, value.getBytes(StandardCharsets.UTF_8));
  }
}
