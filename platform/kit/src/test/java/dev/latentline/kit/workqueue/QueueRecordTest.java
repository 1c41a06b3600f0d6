package dev.latentline.kit.workqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QueueRecordTest {
  private static final String ID = "gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b";
  private static final String OTHER = "gen_0193a5b2c4d87e1f9a0b1c2d3e4f5aff";

  private final RecordHeaders headers = new RecordHeaders();

  @Test
  void anItemIsWhatTheRecordSays() {
    valid();
    header("x-own", "1");
    HeldLease lease = new HeldLease(QueueSettings.DEFAULT_STALL_LIMIT);
    ConsumerRecord<byte[], byte[]> record = record("key", new byte[] {7}, 2);

    WorkItem item = QueueRecord.toItem(record, QueueRecord.headers(record), lease);

    assertThat(item.key()).isEqualTo("key");
    assertThat(item.value()).containsExactly(7);
    assertThat(item.headers()).containsEntry("x-own", "1");
    assertThat(item.generationId()).isEqualTo(ID);
    assertThat(item.attempt()).isEqualTo(2);
    assertThat(item.deadline()).isEqualTo(Instant.ofEpochMilli(1_795_500_000_123L));
    assertThat(item.lease()).isSameAs(lease);
  }

  @Test
  void ofHeadersOfOneNameTheFirstCounts() {
    valid();
    header(HeaderNames.GENERATION_ID, OTHER);
    header(HeaderNames.DEADLINE, "0");
    header(HeaderNames.SCHEMA_VERSION, "999");
    header(HeaderNames.ATTEMPTS, "1");
    header(HeaderNames.ATTEMPTS, "2");

    WorkItem item = item();

    assertThat(item.generationId()).isEqualTo(ID);
    assertThat(item.deadline()).isEqualTo(Instant.ofEpochMilli(1_795_500_000_123L));
    assertThat(item.attempt()).isEqualTo(2);
    assertThat(item.headers()).containsEntry(HeaderNames.SCHEMA_VERSION, "1");
  }

  @Test
  void aHeaderWithoutAValueIsNone() {
    headers.add(HeaderNames.GENERATION_ID, null);
    headers.add("x-empty", null);
    valid();

    assertThat(item().generationId()).isEqualTo(ID);
    assertThat(item().headers()).doesNotContainKey("x-empty");
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "2, 3", "-5, 1", "many, 1", "2147483647, 1001", "2147483648, 1", "'', 1"})
  void attemptsBeforeTheRecordWasHandedOnAreAddedToTheBrokersCount(String before, int attempt) {
    valid();
    header(HeaderNames.ATTEMPTS, before);

    assertThat(item().attempt()).isEqualTo(attempt);
  }

  @Test
  void theBrokersCountIsTheAttemptAndOneWhereItTellsNone() {
    valid();
    ConsumerRecord<byte[], byte[]> third = record("key", new byte[0], 3);
    ConsumerRecord<byte[], byte[]> untold = record("key", new byte[0], null);

    assertThat(QueueRecord.attempt(third, QueueRecord.headers(third))).isEqualTo(3);
    assertThat(QueueRecord.attempt(untold, QueueRecord.headers(untold))).isEqualTo(1);
  }

  @Test
  void aRecordWithoutKeyOrValueIsUnreadable() {
    valid();

    assertUnreadable(record(null, new byte[0], 1));
    assertUnreadable(record("key", null, 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {HeaderNames.SCHEMA_VERSION, HeaderNames.GENERATION_ID, HeaderNames.DEADLINE})
  void aRecordThatLacksAHeaderOfEveryRecordIsUnreadable(String missing) {
    valid();
    headers.remove(missing);

    assertUnreadable(record("key", new byte[0], 1));
  }

  @ParameterizedTest
  @CsvSource({
    HeaderNames.SCHEMA_VERSION + ", 2",
    HeaderNames.SCHEMA_VERSION + ", ''",
    HeaderNames.GENERATION_ID + ", ../../etc/passwd",
    HeaderNames.GENERATION_ID + ", gen_",
    HeaderNames.DEADLINE + ", tomorrow",
    HeaderNames.DEADLINE + ", 1e12",
    HeaderNames.DEADLINE + ", 99999999999999999999"
  })
  void aMalformedHeaderIsUnreadable(String name, String value) {
    valid();
    headers.remove(name);
    header(name, value);

    assertUnreadable(record("key", new byte[0], 1));
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MAX_VALUE, Long.MIN_VALUE, 0, -1})
  void anyDeadlineIsATime(long millis) {
    valid();
    headers.remove(HeaderNames.DEADLINE);
    header(HeaderNames.DEADLINE, Long.toString(millis));

    assertThat(item().deadline()).isEqualTo(Instant.ofEpochMilli(millis));
  }

  private void valid() {
    header(HeaderNames.SCHEMA_VERSION, "1");
    header(HeaderNames.GENERATION_ID, ID);
    header(HeaderNames.DEADLINE, "1795500000123");
  }

  private void header(String name, String value) {
    headers.add(name, value.getBytes(StandardCharsets.UTF_8));
  }

  private WorkItem item() {
    ConsumerRecord<byte[], byte[]> record = record("key", new byte[0], 1);
    return QueueRecord.toItem(
        record, QueueRecord.headers(record), new HeldLease(QueueSettings.DEFAULT_STALL_LIMIT));
  }

  private ConsumerRecord<byte[], byte[]> record(String key, byte[] value, Integer deliveries) {
    return new ConsumerRecord<>(
        "queue",
        0,
        0,
        ConsumerRecord.NO_TIMESTAMP,
        TimestampType.NO_TIMESTAMP_TYPE,
        ConsumerRecord.NULL_SIZE,
        ConsumerRecord.NULL_SIZE,
        key == null ? null : key.getBytes(StandardCharsets.UTF_8),
        value,
        headers,
        Optional.empty(),
        Optional.ofNullable(deliveries).map(Integer::shortValue));
  }

  private static void assertUnreadable(ConsumerRecord<byte[], byte[]> record) {
    assertThatThrownBy(
            () ->
                QueueRecord.toItem(
                    record,
                    QueueRecord.headers(record),
                    new HeldLease(QueueSettings.DEFAULT_STALL_LIMIT)))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unreadable_record"));
  }
}
