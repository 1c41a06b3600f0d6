package dev.latentline.kit.workqueue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.Failure;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.TestStack;
import dev.latentline.testkit.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a worker writes of a record that it does not finish, at a real broker. */
@Timeout(Patience.TEST_SECONDS)
class RecordSinkIT {
  private static final Duration SOON = Patience.SOON;
  private static final String QUEUE = "sink-queue";

  private static RecordSink sink;

  private final String id =
      GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current());

  @BeforeAll
  static void open() {
    String broker = TestStack.shared().bootstrapServers();
    Topics.create(broker, QUEUE, 1);
    sink = new RecordSink(Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, broker));
  }

  @AfterAll
  static void close() {
    sink.close();
  }

  @Test
  void aDeadLetterIsTheRecordAndWhatTheWorkerSaysOfIt() {
    RecordHeaders headers = headers("a", "1", "b", "2", "a", "3");

    sink.deadLetter(
        Stage.DECODER, record(headers), 3, new Failure.Rejected("invalid_tensor", "no tensor"));

    ConsumerRecord<String, byte[]> letter = only(Topic.DEAD_LETTER.topicName("decoder"));
    assertThat(letter.key()).isEqualTo("key");
    assertThat(letter.value()).containsExactly(1, 2);
    assertThat(texts(letter))
        .containsExactly(
            HeaderNames.GENERATION_ID + "=" + id,
            "a=1",
            "b=2",
            "a=3",
            HeaderNames.DEAD_LETTER_CODE + "=invalid_tensor",
            HeaderNames.DEAD_LETTER_MESSAGE + "=no tensor",
            HeaderNames.DEAD_LETTER_STAGE + "=decoder",
            HeaderNames.DEAD_LETTER_ATTEMPTS + "=3",
            HeaderNames.DEAD_LETTER_TOPIC + "=" + QUEUE,
            HeaderNames.DEAD_LETTER_PARTITION + "=5",
            HeaderNames.DEAD_LETTER_OFFSET + "=77");
  }

  @Test
  void whatARecordSaysOfItsDeadLetterIsDropped() {
    RecordHeaders headers = headers("kept", "1", "dead-letter-note", "forged");
    for (String name :
        List.of(
            HeaderNames.DEAD_LETTER_CODE,
            HeaderNames.DEAD_LETTER_MESSAGE,
            HeaderNames.DEAD_LETTER_STAGE,
            HeaderNames.DEAD_LETTER_ATTEMPTS,
            HeaderNames.DEAD_LETTER_TOPIC,
            HeaderNames.DEAD_LETTER_PARTITION,
            HeaderNames.DEAD_LETTER_OFFSET)) {
      headers.add(name, "forged".getBytes(StandardCharsets.UTF_8));
    }

    sink.deadLetter(
        Stage.DECODER, record(headers), 1, new Failure.Retryable("store_unavailable", "away"));

    ConsumerRecord<String, byte[]> letter = only(Topic.DEAD_LETTER.topicName("decoder"));
    assertThat(texts(letter))
        .hasSize(2 + 7)
        .contains("kept=1")
        .noneMatch(t -> t.contains("forged"));
  }

  @Test
  void aLongMessageIsShortenedAndNoneIsEmpty() {
    sink.deadLetter(Stage.PROMPT, record(headers()), 1, new Failure.Rejected("a", "m".repeat(501)));
    sink.deadLetter(Stage.ENCODER, record(headers()), 1, new Failure.Rejected("a", null));

    assertThat(
            RecordReader.header(
                only(Topic.DEAD_LETTER.topicName("prompt")), HeaderNames.DEAD_LETTER_MESSAGE))
        .isEqualTo("m".repeat(500));
    assertThat(
            RecordReader.header(
                only(Topic.DEAD_LETTER.topicName("encoder")), HeaderNames.DEAD_LETTER_MESSAGE))
        .isEmpty();
  }

  @Test
  void aRecordThatIsHandedOnIsTheSameWithItsAttemptsOnce() {
    RecordHeaders headers =
        headers(HeaderNames.ATTEMPTS, "7", "a", "1", HeaderNames.ATTEMPTS, "8", "a", "2");

    sink.handOn(record(headers), 4);

    ConsumerRecord<String, byte[]> again = only(QUEUE);
    assertThat(again.key()).isEqualTo("key");
    assertThat(again.value()).containsExactly(1, 2);
    assertThat(texts(again))
        .containsExactly(
            HeaderNames.GENERATION_ID + "=" + id, "a=1", "a=2", HeaderNames.ATTEMPTS + "=4");
    assertThat(headers.toArray()).as("the original is as it was").hasSize(5);
  }

  private RecordHeaders headers(String... namesAndValues) {
    RecordHeaders headers = new RecordHeaders();
    headers.add(HeaderNames.GENERATION_ID, id.getBytes(StandardCharsets.UTF_8));
    for (int i = 0; i < namesAndValues.length; i += 2) {
      headers.add(namesAndValues[i], namesAndValues[i + 1].getBytes(StandardCharsets.UTF_8));
    }
    return headers;
  }

  private static ConsumerRecord<byte[], byte[]> record(RecordHeaders headers) {
    return new ConsumerRecord<>(
        QUEUE,
        5,
        77,
        ConsumerRecord.NO_TIMESTAMP,
        TimestampType.NO_TIMESTAMP_TYPE,
        ConsumerRecord.NULL_SIZE,
        ConsumerRecord.NULL_SIZE,
        "key".getBytes(StandardCharsets.UTF_8),
        new byte[] {1, 2},
        headers,
        java.util.Optional.empty());
  }

  private ConsumerRecord<String, byte[]> only(String topic) {
    return RecordReader.open().ofGeneration(topic, id, 1, SOON).get(0);
  }

  private static List<String> texts(ConsumerRecord<?, ?> record) {
    List<String> texts = new ArrayList<>();
    for (Header header : record.headers()) {
      texts.add(header.key() + "=" + new String(header.value(), StandardCharsets.UTF_8));
    }
    return texts;
  }
}
