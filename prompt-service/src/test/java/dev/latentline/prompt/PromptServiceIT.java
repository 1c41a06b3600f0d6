package dev.latentline.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.kit.control.CancelledGenerations;
import dev.latentline.proto.v1.Cancel;
import dev.latentline.proto.v1.Control;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.GenerationRequested;
import dev.latentline.proto.v1.ImageFailed;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.PromptTokenized;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.TokenIds;
import dev.latentline.proto.v1.TokenizedConditioning;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.RecordWriter;
import dev.latentline.testkit.TestStack;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The prompt-service with a real broker and the starter's tokenizer. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@Timeout(Patience.TEST_SECONDS)
class PromptServiceIT {
  private static final Duration SOON = Patience.SOON;
  private static final String QUEUE = Topic.GENERATION_REQUESTED.topicName();
  private static final String DEAD_LETTERS = Topic.DEAD_LETTER.topicName(Stage.PROMPT.id());
  private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  private static final long CLS = 101;
  private static final long SEP = 102;

  private static RecordWriter writer;
  private static ModelCard starter;
  private final RecordReader reader = RecordReader.open();
  @Inject CancelledGenerations cancelled;

  @BeforeAll
  static void open() {
    writer = RecordWriter.open();
    starter = Catalogue.open(TestStack.shared().models()).find("starter").orElseThrow();
  }

  @AfterAll
  static void close() {
    writer.close();
  }

  @Test
  void aRequestedGenerationBecomesTheTokensOfBothItsPrompts() throws Exception {
    GenerationRequest request =
        request().setPrompt("a red apple").setNegativePrompt("blurry").build();

    submit(request);

    PromptTokenized tokenized = tokenized(request);
    assertThat(tokenized.getRequest()).isEqualTo(request);
    assertThat(tokenized.getConditioningsList())
        .containsExactly(
            conditioning(Role.POSITIVE, CLS, 1037, 2417, 6207, SEP),
            // blur, ##ry
            conditioning(Role.NEGATIVE, CLS, 14819, 2854, SEP));
  }

  @Test
  void theRecordKeepsItsKeyDeadlineAndTraceAndNamesItsWriter() {
    GenerationRequest request = request().build();
    String id = request.getGenerationId();
    Map<String, String> headers = headers(id);
    headers.put(HeaderNames.TRACEPARENT, TRACE);

    submit(request, id, headers);

    ConsumerRecord<String, byte[]> record = only(Topic.PROMPT_TOKENIZED.topicName(), id);
    assertThat(record.key()).isEqualTo(id);
    assertThat(header(record, HeaderNames.TRACEPARENT)).isEqualTo(TRACE);
    assertThat(header(record, HeaderNames.DEADLINE)).isEqualTo(headers.get(HeaderNames.DEADLINE));
    assertThat(header(record, HeaderNames.SCHEMA_VERSION)).isEqualTo("1");
    assertThat(header(record, HeaderNames.CE_SPECVERSION)).isEqualTo("1.0");
    assertThat(header(record, HeaderNames.CE_TYPE)).isEqualTo("latentline.v1.PromptTokenized");
    assertThat(header(record, HeaderNames.CE_SOURCE)).isEqualTo("latentline/prompt");
    assertThat(header(record, HeaderNames.CE_ID))
        .isNotBlank()
        .isNotEqualTo(headers.get(HeaderNames.CE_ID));
  }

  @Test
  void aPromptThatIsTooLongIsCutAndSaysByHowMuch() throws Exception {
    GenerationRequest request = request().setPrompt("red " + "apple ".repeat(199)).build();

    submit(request);

    List<TokenizedConditioning> conditionings = tokenized(request).getConditioningsList();
    TokenIds positive = conditionings.get(0).getEncoders(0);
    int maxTokens = starter.textEncoders().get(0).maxTokens();
    assertThat(positive.getIdsCount()).isEqualTo(maxTokens);
    assertThat(positive.getIdsList()).startsWith(CLS, 2417L, 6207L).endsWith(6207L, SEP);
    assertThat(positive.getCut()).isEqualTo(200 + 2 - maxTokens);
    assertThat(conditionings.get(1).getEncoders(0).getCut()).isZero();
  }

  @Test
  void aModelOfAnotherDigestFailsAllImagesAndIsNoDeadLetter() throws Exception {
    GenerationRequest request =
        request()
            .setCount(3)
            .setModel(
                ModelRef.newBuilder().setName(starter.name()).setDigest("sha256:" + "0".repeat(64)))
            .build();
    String id = request.getGenerationId();
    Map<String, String> headers = headers(id);
    headers.put(HeaderNames.TRACEPARENT, TRACE);

    submit(request, id, headers);
    finishNextOn(id);

    List<ConsumerRecord<String, byte[]>> facts = of(Topic.GENERATION_EVENT.topicName(), id);
    assertThat(facts).hasSize(1);
    assertThat(facts.get(0).key()).isEqualTo(id);
    assertThat(header(facts.get(0), HeaderNames.TRACEPARENT)).isEqualTo(TRACE);
    GenerationEvent fact = GenerationEvent.parseFrom(facts.get(0).value());
    assertThat(fact.getGenerationId()).isEqualTo(id);
    ImageFailed failed = fact.getImageFailed();
    assertThat(failed.hasImageIndex()).isFalse();
    assertThat(failed.getStage()).isEqualTo("prompt");
    assertThat(failed.getCode()).isEqualTo("model_unavailable");
    assertThat(failed.getMessage()).contains("another version");
    assertThat(of(DEAD_LETTERS, id)).isEmpty();
    assertThat(of(Topic.PROMPT_TOKENIZED.topicName(), id)).isEmpty();
  }

  @Test
  void whatCannotBeReadIsADeadLetterThatSaysWhereItCameFrom() {
    String id = newId();
    byte[] value = {(byte) 0xff, 1, 2};
    Map<String, String> headers = headers(id);
    headers.put(HeaderNames.TRACEPARENT, TRACE);

    RecordMetadata written = writer.write(QUEUE, id, value, headers);

    ConsumerRecord<String, byte[]> dead = only(DEAD_LETTERS, id);
    assertThat(dead.key()).isEqualTo(id);
    assertThat(dead.value()).isEqualTo(value);
    headers.forEach((name, text) -> assertThat(header(dead, name)).as(name).isEqualTo(text));
    assertThat(header(dead, HeaderNames.DEAD_LETTER_CODE)).isEqualTo("unreadable_record");
    assertThat(header(dead, HeaderNames.DEAD_LETTER_MESSAGE)).contains("no GenerationRequested");
    assertThat(header(dead, HeaderNames.DEAD_LETTER_STAGE)).isEqualTo("prompt");
    assertThat(header(dead, HeaderNames.DEAD_LETTER_ATTEMPTS)).isEqualTo("1");
    assertThat(header(dead, HeaderNames.DEAD_LETTER_TOPIC)).isEqualTo(QUEUE);
    assertThat(header(dead, HeaderNames.DEAD_LETTER_PARTITION))
        .isEqualTo(Integer.toString(written.partition()));
    assertThat(header(dead, HeaderNames.DEAD_LETTER_OFFSET))
        .isEqualTo(Long.toString(written.offset()));
  }

  @Test
  void aCancelledGenerationIsDropped() {
    GenerationRequest request = request().build();
    String id = request.getGenerationId();
    cancel(id);

    submit(request);
    finishNextOn(id);

    assertNothingBecameOf(id);
  }

  @Test
  void aGenerationPastItsDeadlineIsDropped() {
    GenerationRequest request = request().build();
    String id = request.getGenerationId();
    Instant passed = Instant.now().minus(Limits.CLOCK_SKEW).minusSeconds(1);

    submit(request, id, RecordWriter.headers(id, passed, "GenerationRequested"));
    finishNextOn(id);

    assertNothingBecameOf(id);
  }

  private void assertNothingBecameOf(String id) {
    assertThat(of(Topic.PROMPT_TOKENIZED.topicName(), id)).isEmpty();
    assertThat(of(Topic.GENERATION_EVENT.topicName(), id)).isEmpty();
    assertThat(of(DEAD_LETTERS, id)).isEmpty();
  }

  private void cancel(String id) {
    Instant deadline = Instant.now().plus(SOON);
    writer.write(
        Topic.GENERATION_CONTROL.topicName(),
        id,
        Control.newBuilder()
            .setGenerationId(id)
            .setDeadlineMs(deadline.toEpochMilli())
            .setCancel(Cancel.getDefaultInstance())
            .build()
            .toByteArray(),
        RecordWriter.headers(id, deadline, "Control"));
    await().atMost(SOON).until(() -> cancelled.contains(id));
  }

  /** A good record of the same key, so of the same partition: the one slot gets to it later. */
  private void finishNextOn(String key) {
    GenerationRequest next = request().build();
    submit(next, key, headers(next.getGenerationId()));
    only(Topic.PROMPT_TOKENIZED.topicName(), next.getGenerationId());
  }

  private static TokenizedConditioning conditioning(Role role, long... ids) {
    TokenIds.Builder tokens = TokenIds.newBuilder();
    for (long id : ids) {
      tokens.addIds(id);
    }
    return TokenizedConditioning.newBuilder()
        .setRole(role)
        .addEncoders(tokens)
        .setWeight(1)
        .setStart(0)
        .setEnd(1)
        .build();
  }

  private static GenerationRequest.Builder request() {
    return GenerationRequest.newBuilder()
        .setGenerationId(newId())
        .setTenant("default")
        .setModel(ModelRef.newBuilder().setName(starter.name()).setDigest(starter.digest()))
        .setPool("default")
        .setPrompt("a red apple")
        .setSteps(25)
        .setWidth(128)
        .setHeight(128)
        .setCount(1);
  }

  private static String newId() {
    return GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current());
  }

  private static Map<String, String> headers(String id) {
    return RecordWriter.headers(id, Instant.now().plus(SOON), "GenerationRequested");
  }

  private static void submit(GenerationRequest request) {
    submit(request, request.getGenerationId(), headers(request.getGenerationId()));
  }

  private static void submit(GenerationRequest request, String key, Map<String, String> headers) {
    writer.write(
        QUEUE,
        key,
        GenerationRequested.newBuilder().setRequest(request).build().toByteArray(),
        headers);
  }

  private PromptTokenized tokenized(GenerationRequest request) throws Exception {
    return PromptTokenized.parseFrom(
        only(Topic.PROMPT_TOKENIZED.topicName(), request.getGenerationId()).value());
  }

  private ConsumerRecord<String, byte[]> only(String topic, String id) {
    return reader.ofGeneration(topic, id, 1, SOON).get(0);
  }

  private List<ConsumerRecord<String, byte[]>> of(String topic, String id) {
    return reader.all(topic).stream()
        .filter(record -> id.equals(header(record, HeaderNames.GENERATION_ID)))
        .toList();
  }

  private static String header(ConsumerRecord<String, byte[]> record, String name) {
    return RecordReader.header(record, name);
  }
}
