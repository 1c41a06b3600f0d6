package dev.latentline.kit.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Stage;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.PromptTokenized;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordsTest {
  private static final String ID = "gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b";
  private static final Instant DEADLINE = Instant.ofEpochMilli(1_795_500_000_123L);
  private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  /** Of W3C Trace Context, version 00, written without the code under test. */
  private static final String VALID =
      "00-(?!00000000000000000000000000000000)[0-9a-f]{32}-(?!0000000000000000)[0-9a-f]{16}-01";

  private static final PromptTokenized VALUE =
      PromptTokenized.newBuilder()
          .setRequest(GenerationRequest.newBuilder().setGenerationId(ID))
          .build();

  @Test
  void aRecordSaysWhatItIsAndWhoWroteIt() {
    Message<byte[]> record = Records.first(Stage.GATEWAY, ID, DEADLINE, "key", VALUE);

    assertThat(record.getPayload()).isEqualTo(VALUE.toByteArray());
    assertThat(metadata(record).getKey()).isEqualTo("key");
    Map<String, String> headers = headers(record);
    assertThat(headers)
        .containsEntry(HeaderNames.SCHEMA_VERSION, "1")
        .containsEntry(HeaderNames.CE_SPECVERSION, "1.0")
        .containsEntry(HeaderNames.CE_SOURCE, "latentline/gateway")
        .containsEntry(HeaderNames.CE_TYPE, "latentline.v1.PromptTokenized")
        .containsEntry(HeaderNames.GENERATION_ID, ID)
        .containsEntry(HeaderNames.DEADLINE, "1795500000123");
    assertThat(headers.get(HeaderNames.TRACEPARENT)).matches(VALID);
  }

  @Test
  void everyFirstRecordHasAnIdAndATraceOfItsOwn() {
    Map<String, String> one = headers(Records.first(Stage.GATEWAY, ID, DEADLINE, "key", VALUE));
    Map<String, String> two = headers(Records.first(Stage.GATEWAY, ID, DEADLINE, "key", VALUE));

    assertThat(one.get(HeaderNames.CE_ID)).isNotEqualTo(two.get(HeaderNames.CE_ID));
    assertThat(one.get(HeaderNames.TRACEPARENT)).isNotEqualTo(two.get(HeaderNames.TRACEPARENT));
  }

  @Test
  void aRecordThatFollowsKeepsGenerationDeadlineAndTrace() {
    WorkItem item =
        item(Map.of(HeaderNames.TRACEPARENT, TRACE, HeaderNames.CE_ID, "the item's own"));

    Message<byte[]> record = Records.following(Stage.PROMPT, item, "other key", VALUE);

    assertThat(metadata(record).getKey()).isEqualTo("other key");
    assertThat(headers(record))
        .containsEntry(HeaderNames.TRACEPARENT, TRACE)
        .containsEntry(HeaderNames.GENERATION_ID, ID)
        .containsEntry(HeaderNames.DEADLINE, "1795500000123")
        .containsEntry(HeaderNames.CE_SOURCE, "latentline/prompt")
        .doesNotContainEntry(HeaderNames.CE_ID, "the item's own");
  }

  @Test
  void headersThatTheItemBroughtAlongAreNotPassedOn() {
    WorkItem item = item(Map.of("x-anything", "1", HeaderNames.ATTEMPTS, "2"));

    assertThat(headers(Records.following(Stage.PROMPT, item, "key", VALUE)))
        .doesNotContainKeys("x-anything", HeaderNames.ATTEMPTS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "no trace",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"
      })
  void aTraceThatIsNoneIsReplacedByANewOne(String brought) {
    WorkItem item = item(Map.of(HeaderNames.TRACEPARENT, brought));

    assertThat(headers(Records.following(Stage.PROMPT, item, "key", VALUE)))
        .extractingByKey(HeaderNames.TRACEPARENT)
        .asString()
        .matches(VALID)
        .doesNotContain("0af7651916cd43dd8448eb211c80319c");
  }

  @Test
  void aRecordWithoutATraceBeginsOne() {
    assertThat(headers(Records.following(Stage.PROMPT, item(Map.of()), "key", VALUE)))
        .extractingByKey(HeaderNames.TRACEPARENT)
        .asString()
        .matches(VALID);
  }

  @Test
  void theSameRecordForAnotherTopicDiffersInTheTopicAlone() {
    Message<byte[]> record = Records.first(Stage.ENCODER, ID, DEADLINE, "key", VALUE);

    Message<byte[]> moved = Records.to("embedding.ready.large", record);

    assertThat(metadata(record).getTopic()).isNull();
    assertThat(metadata(moved).getTopic()).isEqualTo("embedding.ready.large");
    assertThat(metadata(moved).getKey()).isEqualTo("key");
    assertThat(headers(moved)).isEqualTo(headers(record));
    assertThat(moved.getPayload()).isEqualTo(record.getPayload());
  }

  @Test
  void sendingWaitsForTheBrokerAndTellsThatItIsAway() {
    Message<byte[]> record = Records.first(Stage.GATEWAY, ID, DEADLINE, "key", VALUE);

    assertThatCode(() -> Records.send(channel(Uni.createFrom().voidItem()), record))
        .doesNotThrowAnyException();
    assertThatThrownBy(
            () ->
                Records.send(
                    channel(Uni.createFrom().failure(new IllegalStateException("no leader"))),
                    record))
        .isInstanceOfSatisfying(
            Failure.Retryable.class, e -> assertThat(e.code()).isEqualTo("broker_unavailable"));
  }

  @Test
  void aRecordThatTheBrokerRefusesIsNoOutage() {
    Message<byte[]> record = Records.first(Stage.GATEWAY, ID, DEADLINE, "key", VALUE);

    assertThat(sendingFails(record, new RecordTooLargeException("2097153 bytes")).isOutage())
        .isFalse();
    assertThat(sendingFails(record, new NotEnoughReplicasException("1 of 2")).isOutage()).isTrue();
  }

  private static Failure.Retryable sendingFails(Message<byte[]> record, Exception cause) {
    return catchThrowableOfType(
        Failure.Retryable.class,
        () ->
            Records.send(
                channel(Uni.createFrom().failure(new IllegalStateException(cause))), record));
  }

  @SuppressWarnings("unchecked")
  private static MutinyEmitter<byte[]> channel(Uni<Void> outcome) {
    return (MutinyEmitter<byte[]>)
        Proxy.newProxyInstance(
            RecordsTest.class.getClassLoader(),
            new Class<?>[] {MutinyEmitter.class},
            (proxy, method, arguments) -> {
              assertThat(method.getName()).isEqualTo("sendMessage");
              return outcome;
            });
  }

  private static WorkItem item(Map<String, String> headers) {
    return new WorkItem("key", new byte[0], headers, ID, 1, false, DEADLINE, null);
  }

  private static OutgoingKafkaRecordMetadata<?> metadata(Message<byte[]> record) {
    return record.getMetadata(OutgoingKafkaRecordMetadata.class).orElseThrow();
  }

  private static Map<String, String> headers(Message<byte[]> record) {
    Map<String, String> headers = new HashMap<>();
    for (Header header : metadata(record).getHeaders()) {
      assertThat(headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8)))
          .as("%s is there once", header.key())
          .isNull();
    }
    return headers;
  }
}
