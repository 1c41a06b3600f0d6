package dev.latentline.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Limits;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.encoder.text.AppleEmbedding;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ImageEncoder;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.kit.control.CancelledGenerations;
import dev.latentline.proto.v1.Cancel;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.Control;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.Encoded;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImageFailed;
import dev.latentline.proto.v1.ImagePrompt;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.PromptTokenized;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.Tensor;
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
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The encoder-service with a real broker and store, and the starter's text encoder. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@Timeout(Patience.TEST_SECONDS)
class EncoderServiceIT {
  private static final Duration SOON = Patience.SOON;
  private static final String QUEUE = Topic.PROMPT_TOKENIZED.topicName();
  private static final String READY = Topic.EMBEDDING_READY.topicName("default");
  private static final String FACTS = Topic.GENERATION_EVENT.topicName();
  private static final String DEAD_LETTERS = Topic.DEAD_LETTER.topicName(Stage.ENCODER.id());
  private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  private static final List<Long> NOTHING = List.of(101L, 102L);
  private static final List<Long> A_BLUE_APPLE = List.of(101L, 1037L, 2630L, 6207L, 102L);

  private static final Path GOLDEN_PICTURES =
      Path.of(System.getProperty("latentline.home")).resolve("parity/golden/pictures");

  private static final Path PICTURES =
      Path.of(System.getProperty("latentline.home")).resolve("docs/pictures");

  private static RecordWriter writer;
  private static ModelCard starter;
  private final RecordReader reader = RecordReader.open();
  @Inject CancelledGenerations cancelled;
  @Inject BlobStore store;

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
  void aGenerationBecomesOneTaskForEachOfItsImages() {
    GenerationRequest request = request().setCount(3).build();
    String id = request.getGenerationId();
    Map<String, String> headers = headers(id);
    headers.put(HeaderNames.TRACEPARENT, TRACE);

    submit(apple(request), id, headers);
    finishNextOn(id);

    List<ConsumerRecord<String, byte[]>> records = of(READY, id);
    assertThat(records)
        .extracting(ConsumerRecord::key)
        .containsExactlyInAnyOrder(id + "/0", id + "/1", id + "/2");
    for (ConsumerRecord<String, byte[]> record : records) {
      EmbeddingReady task = task(record);
      assertThat(record.key()).isEqualTo(new ImageTask(id, task.getImageIndex()).key());
      assertThat(task.getRequest()).isEqualTo(request);
      assertThat(task.getConditioningsList())
          .isEqualTo(task(records.get(0)).getConditioningsList());
      assertThat(header(record, HeaderNames.TRACEPARENT)).isEqualTo(TRACE);
      assertThat(header(record, HeaderNames.DEADLINE)).isEqualTo(headers.get(HeaderNames.DEADLINE));
      assertThat(header(record, HeaderNames.CE_TYPE)).isEqualTo("latentline.v1.EmbeddingReady");
      assertThat(header(record, HeaderNames.CE_SOURCE)).isEqualTo("latentline/encoder");
    }
  }

  @Test
  void aConditioningIsTheStatesOfItsTokensAndKeepsItsRoleWeightAndSteps() {
    GenerationRequest request = request().build();
    TokenizedConditioning positive =
        conditioning(Role.POSITIVE, AppleEmbedding.IDS, 0).toBuilder()
            .setWeight(0.5f)
            .setStart(0.25f)
            .setEnd(0.75f)
            .build();
    submit(
        PromptTokenized.newBuilder()
            .setRequest(request)
            .addConditionings(positive)
            .addConditionings(conditioning(Role.NEGATIVE, NOTHING, 0))
            .build());

    List<Conditioning> conditionings = tasks(request, 1).get(0).getConditioningsList();

    assertThat(conditionings)
        .extracting(Conditioning::getRole)
        .containsExactly(Role.POSITIVE, Role.NEGATIVE);
    Conditioning apple = conditionings.get(0);
    assertThat(apple.getWeight()).isEqualTo(0.5f);
    assertThat(apple.getStart()).isEqualTo(0.25f);
    assertThat(apple.getEnd()).isEqualTo(0.75f);
    assertThat(apple.getEmbedding().getInline().getDtype()).isEqualTo(Tensor.Dtype.FLOAT32);
    FloatTensor states = TensorRecords.fromRecord(apple.getEmbedding().getInline());
    assertThat(states.shape()).containsExactly(1, 5, AppleEmbedding.WIDTH);
    assertThat(AppleEmbedding.differences(states.data())).isEmpty();
    FloatTensor nothing = TensorRecords.fromRecord(conditionings.get(1).getEmbedding().getInline());
    assertThat(nothing.shape())
        .as("a row for each token, none of padding")
        .containsExactly(1, 2, AppleEmbedding.WIDTH);
    assertThat(nothing.isFinite()).isTrue();
  }

  @Test
  void theSameTextGivesTheSameBytesAndAnotherTextOthers() {
    GenerationRequest first = request().build();
    GenerationRequest again = request().build();
    GenerationRequest other = request().build();

    submit(apple(first));
    submit(tokenized(other, conditioning(Role.POSITIVE, A_BLUE_APPLE, 0)));
    submit(apple(again));

    Conditioning embedding = tasks(first, 1).get(0).getConditionings(0);
    assertThat(tasks(again, 1).get(0).getConditionings(0)).isEqualTo(embedding);
    assertThat(tasks(other, 1).get(0).getConditionings(0)).isNotEqualTo(embedding);
  }

  @Test
  void aPictureOfOtherPromptsGetsItsOwnConditioningsAndARequestThatSaysThem() {
    GenerationRequest request =
        request()
            .setCount(3)
            .setPrompt("a {red|blue} apple")
            .setDynamicPrompts(true)
            .addExpandedPrompts(ExpandedPrompts.newBuilder().setPrompt("a red apple"))
            .addExpandedPrompts(ExpandedPrompts.newBuilder().setPrompt("a blue apple"))
            .addExpandedPrompts(ExpandedPrompts.newBuilder().setPrompt("a red apple"))
            .build();

    submit(
        PromptTokenized.newBuilder()
            .setRequest(request)
            .addConditionings(forImages(Role.POSITIVE, AppleEmbedding.IDS, 0, 2))
            .addConditionings(forImages(Role.NEGATIVE, NOTHING, 0, 2))
            .addConditionings(forImages(Role.POSITIVE, A_BLUE_APPLE, 1))
            .addConditionings(forImages(Role.NEGATIVE, NOTHING, 1))
            .build());

    List<EmbeddingReady> tasks = tasks(request, 3);
    assertThat(tasks)
        .extracting(task -> task.getRequest().getPrompt(), EmbeddingReady::getConditioningsCount)
        .containsExactly(
            tuple("a red apple", 2), tuple("a blue apple", 2), tuple("a red apple", 2));
    assertThat(tasks)
        .allSatisfy(task -> assertThat(task.getRequest().getExpandedPromptsList()).isEmpty());
    assertThat(tasks.get(2).getConditioningsList()).isEqualTo(tasks.get(0).getConditioningsList());
    assertThat(tasks.get(1).getConditionings(0)).isNotEqualTo(tasks.get(0).getConditionings(0));
  }

  private static TokenizedConditioning forImages(Role role, List<Long> ids, Integer... images) {
    return conditioning(role, ids, 0).toBuilder().addAllImages(List.of(images)).build();
  }

  @Test
  void theFactThatItIsEncodedSaysWhatWasCut() throws Exception {
    GenerationRequest request = request().setCount(2).build();
    String id = request.getGenerationId();

    submit(
        tokenized(
            request,
            conditioning(Role.POSITIVE, AppleEmbedding.IDS, 7),
            conditioning(Role.NEGATIVE, NOTHING, 3)));
    finishNextOn(id);

    List<ConsumerRecord<String, byte[]>> facts = of(FACTS, id);
    assertThat(facts).hasSize(1);
    assertThat(facts.get(0).key()).isEqualTo(id);
    GenerationEvent fact = GenerationEvent.parseFrom(facts.get(0).value());
    assertThat(fact.getGenerationId()).isEqualTo(id);
    assertThat(fact.getEncoded())
        .isEqualTo(
            Encoded.newBuilder().setPromptTokensCut(7).setNegativePromptTokensCut(3).build());
  }

  @Test
  void aPictureThatSteersIsFittedIntoTheOneThatIsMade() throws Exception {
    byte[] png = Files.readAllBytes(GOLDEN_PICTURES.resolve("source.png"));
    GenerationRequest request = request().setCount(2).addControls(control(stored(png))).build();
    GenerationRequest edges =
        request().addControls(control(stored(png)).setPreprocessor("canny")).build();

    submit(apple(request));
    submit(apple(edges));

    List<EmbeddingReady> tasks = tasks(request, 2);
    Tensor seen = tasks.get(0).getControlPictures(0).getInline();
    assertThat(seen.getDtype()).isEqualTo(Tensor.Dtype.UINT8);
    assertThat(seen.getShapeList()).containsExactly(1L, 3L, 128L, 128L);
    assertThat(tasks.get(1).getControlPicturesList())
        .isEqualTo(tasks.get(0).getControlPicturesList());
    byte[] lines = tasks(edges, 1).get(0).getControlPictures(0).getInline().getData().toByteArray();
    assertThat(lines).containsOnly(0, 255).contains(0).contains(255);
  }

  @Test
  void aPictureCanBeWhatATextIs() throws Exception {
    byte[] cat = Files.readAllBytes(PICTURES.resolve("cat.png"));
    byte[] fox = Files.readAllBytes(PICTURES.resolve("fox.png"));
    GenerationRequest request =
        request()
            .addImagePrompts(ImagePrompt.newBuilder().setInput(stored(fox)).setWeight(1))
            .addImagePrompts(ImagePrompt.newBuilder().setInput(stored(cat)).setWeight(2))
            .build();
    TokenizedConditioning picture =
        TokenizedConditioning.newBuilder()
            .setRole(Role.POSITIVE)
            .setImagePrompt(1)
            .setWeight(0.75f)
            .setEnd(1)
            .build();

    submit(
        tokenized(
            request,
            conditioning(Role.POSITIVE, AppleEmbedding.IDS, 0),
            conditioning(Role.NEGATIVE, NOTHING, 0),
            picture));

    EmbeddingReady task = tasks(request, 1).get(0);
    assertThat(task.getConditioningsList())
        .extracting(Conditioning::getRole, Conditioning::getWeight)
        .containsExactly(
            tuple(Role.POSITIVE, 1f), tuple(Role.NEGATIVE, 1f), tuple(Role.POSITIVE, 0.75f));
    FloatTensor rows =
        TensorRecords.fromRecord(task.getConditionings(2).getEmbedding().getInline());
    assertThat(rows.shape()).containsExactly(1, 4, AppleEmbedding.WIDTH);
    assertThat(rows.data()).isEqualTo(seen("cat.png").data());
  }

  /** What the starter's own graphs make of a picture of its own size. */
  private static FloatTensor seen(String name) throws IOException {
    BufferedImage image = ImageIO.read(PICTURES.resolve(name).toFile());
    FloatTensor sample = FloatTensor.zeros(1, 3, image.getHeight(), image.getWidth());
    int pixels = image.getHeight() * image.getWidth();
    for (int i = 0; i < pixels; i++) {
      int rgb = image.getRGB(i % image.getWidth(), i / image.getWidth());
      for (int colour = 0; colour < 3; colour++) {
        sample.data()[colour * pixels + i] = (rgb >> 16 - 8 * colour & 255) / 127.5f - 1;
      }
    }
    ImageEncoder encoder = starter.imageEncoder().orElseThrow();
    try (ModelSession seeing = open(encoder.model());
        ModelSession prompting = open(encoder.prompt().orElseThrow())) {
      return prompting.run(Map.of("features", seeing.run(Map.of("sample", sample))));
    }
  }

  private static ModelSession open(String graph) {
    return ModelSession.open(starter.file(graph), SessionSettings.cpu(1));
  }

  @Test
  void aPictureThatTheRequestDoesNotHaveFailsAllImages() throws Exception {
    GenerationRequest request = request().setCount(2).build();

    submit(
        tokenized(
            request,
            conditioning(Role.POSITIVE, AppleEmbedding.IDS, 0),
            conditioning(Role.NEGATIVE, NOTHING, 0).toBuilder()
                .clearEncoders()
                .setImagePrompt(0)
                .build()));

    assertAllImagesFailed(request, "unsupported_request");
  }

  @Test
  void aPictureThatIsGoneFailsAllImages() throws Exception {
    GenerationRequest request = request().setCount(2).addControls(control("0".repeat(64))).build();

    submit(apple(request));

    assertAllImagesFailed(request, "input_missing");
  }

  @Test
  void anInputThatIsNoPictureFailsAllImages() throws Exception {
    GenerationRequest request =
        request().setCount(2).addControls(control(stored(new byte[] {1, 2, 3}))).build();

    submit(apple(request));

    assertAllImagesFailed(request, "invalid_input");
  }

  private String stored(byte[] picture) {
    String sha256 = Sha256.hex(picture);
    store.put(ObjectKeys.input(request().getTenant(), sha256), picture, "image/png");
    return sha256;
  }

  private static ControlPicture.Builder control(String input) {
    return ControlPicture.newBuilder()
        .setControlNet(ModelRef.newBuilder().setName("starter-edges").setDigest("sha256:00"))
        .setInput(input)
        .setWeight(1)
        .setEnd(1);
  }

  @Test
  void tokensForAnotherNumberOfTextEncodersFailAllImages() throws Exception {
    GenerationRequest request = request().setCount(2).build();
    TokenizedConditioning two =
        conditioning(Role.POSITIVE, AppleEmbedding.IDS, 0).toBuilder()
            .addEncoders(TokenIds.newBuilder().addAllIds(NOTHING))
            .build();

    submit(tokenized(request, two));

    assertAllImagesFailed(request, "invalid_tokens");
  }

  @Test
  void moreTokensThanTheModelTakesFailAllImages() throws Exception {
    GenerationRequest request = request().setCount(2).build();
    List<Long> tooMany = Collections.nCopies(starter.textEncoders().get(0).maxTokens() + 1, 6207L);

    submit(
        tokenized(
            request,
            conditioning(Role.POSITIVE, AppleEmbedding.IDS, 0),
            conditioning(Role.NEGATIVE, tooMany, 0)));

    assertAllImagesFailed(request, "invalid_tokens");
  }

  @Test
  void aModelOfAnotherDigestFailsAllImages() throws Exception {
    GenerationRequest request =
        request()
            .setModel(
                ModelRef.newBuilder().setName(starter.name()).setDigest("sha256:" + "0".repeat(64)))
            .build();

    submit(apple(request));

    assertAllImagesFailed(request, "model_unavailable");
  }

  @Test
  void idsThatTheVocabularyLacksAreADeadLetterAfterThreeAttempts() {
    GenerationRequest request = request().build();
    String id = request.getGenerationId();

    List<String> loggers = new CopyOnWriteArrayList<>();
    Handler handler = namesOfLoggers(loggers);
    Logger.getLogger("").addHandler(handler);

    submit(tokenized(request, conditioning(Role.POSITIVE, List.of(101L, 1_000_000L, 102L), 0)));

    ConsumerRecord<String, byte[]> dead = only(DEAD_LETTERS, id);
    Logger.getLogger("").removeHandler(handler);
    // messaging's own loggers would tell the exception's message
    assertThat(loggers)
        .contains("dev.latentline.kit.workqueue.Delivery")
        .noneMatch(name -> name.startsWith("io.smallrye"));
    assertThat(header(dead, HeaderNames.DEAD_LETTER_CODE)).isEqualTo("internal_error");
    assertThat(header(dead, HeaderNames.DEAD_LETTER_ATTEMPTS)).isEqualTo("3");
    assertThat(of(READY, id)).isEmpty();
  }

  private static Handler namesOfLoggers(List<String> names) {
    return new Handler() {
      @Override
      public void publish(LogRecord record) {
        names.add(record.getLoggerName());
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
  }

  @Test
  void whatCannotBeReadIsADeadLetter() {
    String id = newId();
    byte[] value = {(byte) 0xff, 1, 2};

    writer.write(QUEUE, id, value, headers(id));

    ConsumerRecord<String, byte[]> dead = only(DEAD_LETTERS, id);
    assertThat(dead.key()).isEqualTo(id);
    assertThat(dead.value()).isEqualTo(value);
    assertThat(header(dead, HeaderNames.DEAD_LETTER_CODE)).isEqualTo("unreadable_record");
    assertThat(header(dead, HeaderNames.DEAD_LETTER_STAGE)).isEqualTo("encoder");
    assertThat(header(dead, HeaderNames.DEAD_LETTER_TOPIC)).isEqualTo(QUEUE);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, Limits.MAX_COUNT + 1, -1})
  void aNumberOfImagesOutsideTheLimitsIsADeadLetter(int count) {
    GenerationRequest request = request().setCount(count).build();

    submit(apple(request));

    ConsumerRecord<String, byte[]> dead = only(DEAD_LETTERS, request.getGenerationId());
    assertThat(header(dead, HeaderNames.DEAD_LETTER_CODE)).isEqualTo("unreadable_record");
    assertThat(of(READY, request.getGenerationId())).isEmpty();
  }

  @Test
  void aCancelledGenerationIsDropped() {
    GenerationRequest request = request().build();
    String id = request.getGenerationId();
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

    submit(apple(request));
    finishNextOn(id);

    assertThat(of(READY, id)).isEmpty();
    assertThat(of(FACTS, id)).isEmpty();
    assertThat(of(DEAD_LETTERS, id)).isEmpty();
  }

  private void assertAllImagesFailed(GenerationRequest request, String code) throws Exception {
    String id = request.getGenerationId();
    finishNextOn(id);
    List<ConsumerRecord<String, byte[]>> facts = of(FACTS, id);
    assertThat(facts).hasSize(1);
    ImageFailed failed = GenerationEvent.parseFrom(facts.get(0).value()).getImageFailed();
    assertThat(failed.hasImageIndex()).isFalse();
    assertThat(failed.getStage()).isEqualTo("encoder");
    assertThat(failed.getCode()).isEqualTo(code);
    assertThat(of(READY, id)).isEmpty();
    assertThat(of(DEAD_LETTERS, id)).isEmpty();
  }

  /** A good record of the same key, so of the same partition: the one slot gets to it later. */
  private void finishNextOn(String key) {
    GenerationRequest next = request().build();
    submit(apple(next), key, headers(next.getGenerationId()));
    only(FACTS, next.getGenerationId());
  }

  private static PromptTokenized apple(GenerationRequest request) {
    return tokenized(
        request,
        conditioning(Role.POSITIVE, AppleEmbedding.IDS, 0),
        conditioning(Role.NEGATIVE, NOTHING, 0));
  }

  private static PromptTokenized tokenized(
      GenerationRequest request, TokenizedConditioning... conditionings) {
    return PromptTokenized.newBuilder()
        .setRequest(request)
        .addAllConditionings(Arrays.asList(conditionings))
        .build();
  }

  private static TokenizedConditioning conditioning(Role role, List<Long> ids, int cut) {
    return TokenizedConditioning.newBuilder()
        .setRole(role)
        .addEncoders(TokenIds.newBuilder().addAllIds(ids).setCut(cut))
        .setWeight(1)
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
    return RecordWriter.headers(id, Instant.now().plus(SOON), "PromptTokenized");
  }

  private static void submit(PromptTokenized tokenized) {
    String id = tokenized.getRequest().getGenerationId();
    submit(tokenized, id, headers(id));
  }

  private static void submit(PromptTokenized tokenized, String key, Map<String, String> headers) {
    writer.write(QUEUE, key, tokenized.toByteArray(), headers);
  }

  private List<EmbeddingReady> tasks(GenerationRequest request, int count) {
    return reader.ofGeneration(READY, request.getGenerationId(), count, SOON).stream()
        .map(EncoderServiceIT::task)
        .sorted(Comparator.comparingInt(EmbeddingReady::getImageIndex))
        .toList();
  }

  private static EmbeddingReady task(ConsumerRecord<String, byte[]> record) {
    try {
      return EmbeddingReady.parseFrom(record.value());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("no EmbeddingReady", e);
    }
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
