package dev.latentline.gateway.owner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.standardwebhooks.Webhook;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Limits;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Topic;
import dev.latentline.gateway.line.GenerationUpdate;
import dev.latentline.gateway.line.GenerationView;
import dev.latentline.gateway.line.GenerationView.Status;
import dev.latentline.gateway.line.Generations;
import dev.latentline.gateway.line.Subscription;
import dev.latentline.gateway.webhook.WebhookSecrets;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.proto.v1.Control;
import dev.latentline.proto.v1.Encoded;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationEvent.FactCase;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.GenerationRequested;
import dev.latentline.proto.v1.ImageFailed;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Progress;
import dev.latentline.proto.v1.Stored;
import dev.latentline.proto.v1.Succeeded;
import dev.latentline.proto.v1.WebhookTarget;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.RecordWriter;
import dev.latentline.testkit.WebhookReceiver;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The gateway with a real broker and store; the stages' facts are written by the tests. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@Timeout(Patience.TEST_SECONDS)
class OwnerIT {
  private static final Duration SOON = Patience.SOON;
  private static final String TENANT = "default";

  private static RecordWriter writer;

  @Inject Generations generations;
  @Inject BlobStore store;
  @Inject WebhookSecrets secrets;
  @Inject Sweep sweep;
  private final RecordReader reader = RecordReader.open();

  @BeforeAll
  static void open() {
    writer = RecordWriter.open();
  }

  @AfterAll
  static void close() {
    writer.close();
  }

  @Test
  void aGenerationIsDispatchedAndSucceedsWhenEveryImageIsStored() throws Exception {
    GenerationRequest request = request().setCount(2).build();
    leaveStepRecords(request, 130);

    generations.accept(request);

    assertThat(view(request).images()).isEmpty();
    assertThat(requested(request)).isEqualTo(request);
    awaitStatus(request, Status.RUNNING);
    fact(request, GenerationEvent.newBuilder().setEncoded(Encoded.getDefaultInstance()));
    fact(request, stored(request, 1));
    fact(request, stored(request, 0));
    GenerationView ended = awaitStatus(request, Status.SUCCEEDED);
    assertThat(ended.progress()).isEqualTo(1);
    assertThat(ended.images()).extracting(GenerationView.StoredImage::index).containsExactly(0, 1);
    assertThat(facts(request, FactCase.SETTLED))
        .containsSequence(FactCase.SUCCEEDED, FactCase.SETTLED)
        .containsOnlyOnce(FactCase.DISPATCHED, FactCase.SUCCEEDED, FactCase.SETTLED);
    assertThat(stepRecords(request)).isEmpty();
    JsonNode manifest = manifest(request);
    assertThat(manifest.at("/status").asText()).isEqualTo("succeeded");
    assertThat(manifest.at("/request/prompt").asText()).isEqualTo("a red apple");
    assertThat(manifest.at("/images/1/seed").asLong()).isEqualTo(request.getSeed() + 1);
    assertThat(manifest.at("/images/1/pixels_sha256").asText()).isEqualTo("pixels-1");
  }

  @Test
  void whatNobodyNeedsAnyMoreIsSweptFromTheStore() {
    String tenant = "swept-" + request().getGenerationId();
    List<String> work =
        List.of(ObjectKeys.payload(tenant, "0a1b"), ObjectKeys.steps(tenant, "gen_x") + "0/latest");
    String key = ObjectKeys.idempotencyKey(tenant, "2c3d");
    String picture = ObjectKeys.image(tenant, "gen_x", 0, "png");
    List<String> all = Stream.concat(work.stream(), Stream.of(key, picture)).toList();
    all.forEach(name -> store.put(name, new byte[10], "application/octet-stream"));
    Instant written = Instant.now();

    sweep.run(written.plus(Topic.WORK_RETENTION).minusSeconds(60));
    assertThat(all).allMatch(store::exists);

    sweep.run(written.plus(Topic.WORK_RETENTION).plusSeconds(60));
    assertThat(work).noneMatch(store::exists);
    assertThat(List.of(key, picture)).allMatch(store::exists);

    sweep.run(written.plus(Sweep.KEYS_KEPT).plusSeconds(60));
    assertThat(store.exists(key)).isFalse();
    assertThat(store.exists(picture)).isTrue();
  }

  @Test
  void whatALiveFrameLeftInTheStoreIsRemoved() {
    GenerationRequest request = request().setLive(true).build();
    String id = request.getGenerationId();
    String picture = ObjectKeys.image(TENANT, id, 0, "png");
    store.put(picture, new byte[10], "image/png");
    store.put(ObjectKeys.imageRecord(TENANT, id, 0), new byte[10], "application/json");
    store.put(ObjectKeys.steps(TENANT, id) + "0/latest", new byte[10], "application/x-protobuf");
    generations.accept(request);
    // it ended a while ago
    GenerationEvent ended =
        GenerationEvent.newBuilder()
            .setGenerationId(id)
            .setAtMs(System.currentTimeMillis() - Limits.LIVE_KEPT.toMillis())
            .setSucceeded(Succeeded.getDefaultInstance())
            .build();
    write(request, Topic.GENERATION_EVENT, ended.toByteArray(), "GenerationEvent");

    assertThat(facts(request, FactCase.SETTLED)).contains(FactCase.SUCCEEDED);
    assertThat(store.list(ObjectKeys.images(TENANT, id), "", 10)).isEmpty();
    assertThat(stepRecords(request)).isEmpty();
  }

  @Test
  void theWebhookIsSignedAndRepeatedUntilItIsTaken() throws Exception {
    try (WebhookReceiver receiver = new WebhookReceiver().thenAnswer(500)) {
      GenerationRequest request =
          request().setWebhook(WebhookTarget.newBuilder().setUrl(receiver.url())).build();
      generations.accept(request);
      fact(request, stored(request, 0));

      await().atMost(SOON).until(() -> receiver.received().size() >= 2);

      Webhook official = new Webhook(secrets.secretFor(TENANT, "default"));
      for (WebhookReceiver.Received received : receiver.received()) {
        official.verify(
            new String(received.body(), StandardCharsets.UTF_8), headers(received.headers()));
      }
      WebhookReceiver.Received first = receiver.received().get(0);
      WebhookReceiver.Received second = receiver.received().get(1);
      assertThat(second.body()).isEqualTo(first.body());
      assertThat(second.headers()).containsEntry("webhook-id", first.headers().get("webhook-id"));
      assertThat(first.headers().get("webhook-id"))
          .isEqualTo("evt_" + request.getGenerationId().substring(4) + "_succeeded");
      assertThat(Duration.between(first.at(), second.at())).isGreaterThan(Duration.ofSeconds(3));
      JsonNode body = new ObjectMapper().readTree(first.body());
      assertThat(body.at("/type").asText()).isEqualTo("generation.succeeded");
      assertThat(body.at("/data/id").asText()).isEqualTo(request.getGenerationId());
      assertThat(body.at("/data/images/0/sha256").asText()).isEqualTo("file-0");
      assertThat(body.at("/data/metadata/order").asText()).isEqualTo("17");
    }
  }

  @Test
  void aWebhookThatAsksForOtherEventsIsNotSent() {
    try (WebhookReceiver receiver = new WebhookReceiver()) {
      GenerationRequest request =
          request()
              .setWebhook(
                  WebhookTarget.newBuilder().setUrl(receiver.url()).addEvents("generation.failed"))
              .build();
      generations.accept(request);
      fact(request, stored(request, 0));

      assertThat(facts(request, FactCase.SETTLED)).contains(FactCase.SUCCEEDED);
      assertThat(reader.all(Topic.WEBHOOK_DELIVERY.topicName()))
          .noneMatch(record -> record.key().contains(request.getGenerationId().substring(4)));
    }
  }

  @Test
  void aCancelledGenerationTellsTheStagesAndEndsOnce() {
    GenerationRequest request = request().build();
    generations.accept(request);

    assertThat(generations.requestCancel(TENANT, request.getGenerationId())).isTrue();

    awaitStatus(request, Status.CANCELLED);
    List<ConsumerRecord<String, byte[]>> orders =
        reader.ofGeneration(
            Topic.GENERATION_CONTROL.topicName(), request.getGenerationId(), 1, SOON);
    assertThat(orders).allSatisfy(order -> assertThat(control(order).hasCancel()).isTrue());
    fact(request, stored(request, 0));
    fact(request, GenerationEvent.newBuilder().setSucceeded(Succeeded.getDefaultInstance()));
    assertThat(facts(request, FactCase.SUCCEEDED)).contains(FactCase.SUCCEEDED);
    assertThat(view(request).status()).isEqualTo(Status.CANCELLED);
    assertThat(manifest(request).at("/status").asText()).isEqualTo("cancelled");
  }

  @Test
  void aGenerationPastItsDeadlineFails() {
    GenerationRequest request =
        request().setDeadlineMs(Instant.now().plusMillis(1500).toEpochMilli()).build();
    leaveStepRecords(request, 2);
    generations.accept(request);

    GenerationView ended = awaitStatus(request, Status.FAILED);

    assertThat(ended.failure().orElseThrow().code()).isEqualTo("deadline_passed");
    assertThat(facts(request, FactCase.SETTLED))
        .containsSubsequence(FactCase.DEADLINE_PASSED, FactCase.FAILED, FactCase.SETTLED);
    assertThat(stepRecords(request)).isEmpty();
  }

  @Test
  void aFailedImageMakesThePartOfTheOthersKnown() {
    GenerationRequest request = request().setCount(2).build();
    generations.accept(request);
    fact(
        request,
        GenerationEvent.newBuilder()
            .setImageFailed(
                ImageFailed.newBuilder()
                    .setImageIndex(0)
                    .setStage("denoiser")
                    .setCode("invalid_latents")
                    .setMessage("The latents are not finite")));
    fact(request, stored(request, 1));

    GenerationView ended = awaitStatus(request, Status.FAILED);

    assertThat(ended.failure().orElseThrow().code()).isEqualTo("partial");
    assertThat(ended.images()).extracting(GenerationView.StoredImage::index).containsExactly(1);
  }

  @Test
  void aDeadLetterEndsWhatWaitsForIt() {
    GenerationRequest request = request().build();
    generations.accept(request);
    Map<String, String> headers =
        RecordWriter.headers(
            request.getGenerationId(),
            Instant.ofEpochMilli(request.getDeadlineMs()),
            "EmbeddingReady");
    headers.put(HeaderNames.DEAD_LETTER_CODE, "attempts_exhausted");
    headers.put(HeaderNames.DEAD_LETTER_MESSAGE, "the denoiser did not survive 3 attempts");
    headers.put(HeaderNames.DEAD_LETTER_STAGE, "denoiser");
    headers.put(HeaderNames.DEAD_LETTER_ATTEMPTS, "3");

    writer.write(
        Topic.DEAD_LETTER.topicName("denoiser"),
        new ImageTask(request.getGenerationId(), 0).key(),
        new byte[] {1},
        headers);

    GenerationView ended = awaitStatus(request, Status.FAILED);
    assertThat(ended.failure().orElseThrow().code()).isEqualTo("attempts_exhausted");
  }

  @Test
  void whatDoesNotFitIntoTheWindowWaitsItsTurn() {
    GenerationRequest first = request().setCount(16).build();
    generations.accept(first);
    awaitStatus(first, Status.RUNNING);
    GenerationRequest second = request().setCount(16).build();
    // of two of the same millisecond the id decides
    GenerationRequest third = request().setAcceptedAtMs(second.getAcceptedAtMs() + 1).build();
    generations.accept(second);
    generations.accept(third);

    assertThat(view(second).queuePosition()).hasValue(0);
    assertThat(view(third).queuePosition()).hasValue(1);
    cancel(second);
    assertThat(view(third).queuePosition()).hasValue(0);
    cancel(first);
    awaitStatus(third, Status.RUNNING);
    cancel(third);
  }

  @Test
  void aWatcherSeesStepsAndFactsInOrder() throws Exception {
    GenerationRequest request = request().build();
    generations.accept(request);
    List<GenerationUpdate> updates = new CopyOnWriteArrayList<>();
    Subscription watching =
        generations.watch(TENANT, request.getGenerationId(), -1, updates::add).orElseThrow();
    awaitStatus(request, Status.RUNNING);
    step(request, 1);
    step(request, 2);
    step(request, 1);
    await().atMost(SOON).until(() -> view(request).progress() > 0);
    fact(request, stored(request, 0));
    awaitStatus(request, Status.SUCCEEDED);
    watching.close();
    assertThat(updates.get(0).kind()).isEqualTo(GenerationUpdate.Kind.SNAPSHOT);
    assertThat(updates).extracting(GenerationUpdate::offset).isSorted();
    assertThat(updates.stream().map(update -> update.view().progress()).toList()).isSorted();
    assertThat(
            updates.stream()
                .filter(update -> update.kind() == GenerationUpdate.Kind.PROGRESS)
                .map(update -> update.progress().orElseThrow().step()))
        .startsWith(1)
        .doesNotHaveDuplicates();
    assertThat(updates.get(updates.size() - 1).view().status()).isEqualTo(Status.SUCCEEDED);
  }

  @Test
  void anotherTenantsGenerationIsUnknown() {
    GenerationRequest request = request().build();
    generations.accept(request);

    assertThat(generations.find("somebody-else", request.getGenerationId())).isEmpty();
    assertThat(generations.requestCancel("somebody-else", request.getGenerationId())).isFalse();
    assertThat(generations.find(TENANT, newId())).isEmpty();
    cancel(request);
  }

  @Test
  void whatIsNoFactIsPassedOver() {
    writer.write(Topic.GENERATION_EVENT.topicName(), "x", new byte[] {-1, -1, -1}, Map.of());
    GenerationRequest request = request().build();

    generations.accept(request);

    assertThat(view(request).id()).isEqualTo(request.getGenerationId());
    cancel(request);
  }

  private static GenerationRequest.Builder request() {
    long now = System.currentTimeMillis();
    return GenerationRequest.newBuilder()
        .setGenerationId(newId())
        .setTenant(TENANT)
        .setModel(ModelRef.newBuilder().setName("starter").setDigest("sha256:0"))
        .setPool("default")
        .setPrompt("a red apple")
        .setSeed(7)
        .setSteps(25)
        .setGuidanceScale(3)
        .setSampler("ddim")
        .setSchedule("normal")
        .setWidth(128)
        .setHeight(128)
        .setCount(1)
        .setOutputFormat("png")
        .putMetadata("order", "17")
        .setAcceptedAtMs(now)
        .setDeadlineMs(now + 600_000);
  }

  private static String newId() {
    return GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current());
  }

  private GenerationView view(GenerationRequest request) {
    return generations.find(TENANT, request.getGenerationId()).orElseThrow();
  }

  private GenerationView awaitStatus(GenerationRequest request, Status status) {
    return await().atMost(SOON).until(() -> view(request), view -> view.status() == status);
  }

  /** Tests share the dispatch window: what a test leaves behind would be in the next one's way. */
  private void leaveStepRecords(GenerationRequest request, int count) {
    String prefix = ObjectKeys.steps(TENANT, request.getGenerationId());
    for (int i = 0; i < count; i++) {
      store.put(prefix + i, new byte[10], "application/x-protobuf");
    }
  }

  private List<String> stepRecords(GenerationRequest request) {
    return store.list(ObjectKeys.steps(TENANT, request.getGenerationId()), "", 1000);
  }

  private void cancel(GenerationRequest request) {
    assertThat(generations.requestCancel(TENANT, request.getGenerationId())).isTrue();
    awaitStatus(request, Status.CANCELLED);
  }

  private static GenerationEvent.Builder stored(GenerationRequest request, int index) {
    return GenerationEvent.newBuilder()
        .setStored(
            Stored.newBuilder()
                .setImageIndex(index)
                .setKey(ObjectKeys.image(TENANT, request.getGenerationId(), index, "png"))
                .setContentType("image/png")
                .setSizeBytes(10)
                .setWidth(128)
                .setHeight(128)
                .setSha256("file-" + index)
                .setPixelsSha256("pixels-" + index)
                .setSeed(request.getSeed() + index));
  }

  private static void fact(GenerationRequest request, GenerationEvent.Builder fact) {
    fact.setGenerationId(request.getGenerationId()).setAtMs(System.currentTimeMillis());
    write(request, Topic.GENERATION_EVENT, fact.build().toByteArray(), "GenerationEvent");
  }

  private static void step(GenerationRequest request, int step) {
    Progress progress =
        Progress.newBuilder()
            .setGenerationId(request.getGenerationId())
            .setStep(step)
            .setSteps(request.getSteps())
            .build();
    write(request, Topic.GENERATION_PROGRESS, progress.toByteArray(), "Progress");
  }

  private static void write(GenerationRequest request, Topic topic, byte[] value, String type) {
    String id = request.getGenerationId();
    writer.write(
        topic.topicName(),
        id,
        value,
        RecordWriter.headers(id, Instant.ofEpochMilli(request.getDeadlineMs()), type));
  }

  private GenerationRequest requested(GenerationRequest request) throws Exception {
    String id = request.getGenerationId();
    byte[] value =
        reader.ofGeneration(Topic.GENERATION_REQUESTED.topicName(), id, 1, SOON).get(0).value();
    return GenerationRequested.parseFrom(value).getRequest();
  }

  /** The kinds of all facts of a generation, once this one is among them. */
  private List<FactCase> facts(GenerationRequest request, FactCase last) {
    return reader
        .read(
            Topic.GENERATION_EVENT.topicName(),
            record -> request.getGenerationId().equals(record.key()),
            found -> found.stream().anyMatch(record -> kind(record) == last),
            SOON)
        .stream()
        .map(OwnerIT::kind)
        .collect(Collectors.toList());
  }

  private static FactCase kind(ConsumerRecord<String, byte[]> record) {
    try {
      return GenerationEvent.parseFrom(record.value()).getFactCase();
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private static Control control(ConsumerRecord<String, byte[]> record) {
    try {
      return Control.parseFrom(record.value());
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private JsonNode manifest(GenerationRequest request) {
    String key = ObjectKeys.manifest(TENANT, request.getGenerationId());
    byte[] bytes =
        await().atMost(SOON).until(() -> store.get(key), found -> found.isPresent()).orElseThrow();
    try {
      return new ObjectMapper().readTree(bytes);
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  private static HttpHeaders headers(Map<String, String> headers) {
    Map<String, List<String>> lists = new java.util.TreeMap<>();
    headers.forEach((name, value) -> lists.put(name, List.of(value)));
    return HttpHeaders.of(lists, (name, value) -> true);
  }
}
