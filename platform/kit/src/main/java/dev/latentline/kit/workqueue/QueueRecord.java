package dev.latentline.kit.workqueue;

import dev.latentline.contract.Failure;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.HeaderNames;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/** Reads what surrounds the value of a queue's record. */
final class QueueRecord {
  private QueueRecord() {}

  /** Of each name the first header: later ones may have been appended to shadow it. */
  static Map<String, String> headers(ConsumerRecord<byte[], byte[]> record) {
    Map<String, String> headers = new LinkedHashMap<>();
    for (Header header : record.headers()) {
      if (header.value() != null) {
        headers.putIfAbsent(header.key(), new String(header.value(), StandardCharsets.UTF_8));
      }
    }
    return headers;
  }

  /**
   * Which attempt this delivery is, from 1: the broker's count and those before the record was
   * handed on.
   */
  static int attempt(ConsumerRecord<byte[], byte[]> record, Map<String, String> headers) {
    int before = 0;
    try {
      before = Math.max(0, Integer.parseInt(headers.getOrDefault(HeaderNames.ATTEMPTS, "0")));
    } catch (NumberFormatException unreadable) {
      // the broker's count alone
    }
    return Math.min(before, 1000) + deliveries(record);
  }

  static int deliveries(ConsumerRecord<byte[], byte[]> record) {
    return record.deliveryCount().orElse((short) 1);
  }

  /**
   * @throws Failure.Rejected with code {@code unreadable_record} when a header that every record
   *     has is missing or malformed
   */
  static WorkItem toItem(
      ConsumerRecord<byte[], byte[]> record, Map<String, String> headers, Lease lease) {
    if (record.key() == null || record.value() == null) {
      throw unreadable("the record has no key or no value");
    }
    if (!HeaderNames.SCHEMA_VERSION_VALUE.equals(headers.get(HeaderNames.SCHEMA_VERSION))) {
      throw unreadable("the record's schema version is not " + HeaderNames.SCHEMA_VERSION_VALUE);
    }
    String generationId = headers.get(HeaderNames.GENERATION_ID);
    if (generationId == null || !GenerationIds.isValid(generationId)) {
      throw unreadable("the record names no generation");
    }
    Instant deadline;
    try {
      deadline = Instant.ofEpochMilli(Long.parseLong(headers.get(HeaderNames.DEADLINE)));
    } catch (NumberFormatException missing) {
      throw unreadable("the record has no deadline");
    }
    return new WorkItem(
        new String(record.key(), StandardCharsets.UTF_8),
        record.value(),
        headers,
        generationId,
        attempt(record, headers),
        false,
        deadline,
        lease);
  }

  private static Failure.Rejected unreadable(String message) {
    return new Failure.Rejected("unreadable_record", message);
  }
}
