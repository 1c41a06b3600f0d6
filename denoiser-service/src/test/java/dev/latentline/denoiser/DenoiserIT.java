package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.denoiser.loop.Devices;
import dev.latentline.denoiser.loop.HeapBudget;
import dev.latentline.denoiser.task.PlanBytes;
import dev.latentline.denoiser.task.Starter;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.kit.control.CancelledGenerations;
import dev.latentline.kit.record.StageFacts;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.Cancel;
import dev.latentline.proto.v1.Control;
import dev.latentline.proto.v1.Denoised;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImageFailed;
import dev.latentline.proto.v1.LatentDenoised;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Progress;
import dev.latentline.proto.v1.RuntimeClass;
import dev.latentline.proto.v1.StoredPayload;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.RecordWriter;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The denoiser with a real broker and store, and the starter's network. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@TestProfile(DenoiserIT.StarterCatalogue.class)
@Timeout(Patience.TEST_SECONDS)
class DenoiserIT {
  private static final Duration SOON = Patience.SOON;
  private static final String QUEUE = Topic.EMBEDDING_READY.topicName("default");

  private static RecordWriter writer;
  private static EmbeddingReady apple;
  private final RecordReader reader = RecordReader.open();

  @Inject BlobStore store;
  @Inject Devices devices;
  @Inject TaskPlanner planner;
  @Inject TaskRecords records;
  @Inject StageFacts facts;
  @Inject StepProgress progress;

  /** The models that the build has assembled. */
  public static class StarterCatalogue implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("latentline.models", Starter.catalogueFolder().toString());
    }
  }

  @BeforeAll
  static void open() {
    writer = RecordWriter.open();
    apple = Starter.apple(Starter.request().build());
  }

  @AfterAll
  static void close() {
    writer.close();
  }

  @Test
  void embeddingsBecomeLatentsAndTheFactThatTheyAreThere() throws Exception {
    GenerationRequest request = request().setCount(2).build();
    String id = request.getGenerationId();

    submit(request, 1);

    LatentDenoised latents =
        LatentDenoised.parseFrom(only(Topic.LATENT_DENOISED.topicName(), id).value());
    FloatTensor tensor = TensorRecords.fromRecord(latents.getLatents().getInline());
    Denoised fact = fact(id).getDenoised();
    List<Integer> steps = new ArrayList<>();
    List<byte[]> previews = new ArrayList<>();
    for (ConsumerRecord<String, byte[]> told :
        reader.ofGeneration(Topic.GENERATION_PROGRESS.topicName(), id, 2, SOON)) {
      Progress progress = Progress.parseFrom(told.value());
      steps.add(progress.getStep());
      if (!progress.getPreview().isEmpty()) {
        previews.add(progress.getPreview().toByteArray());
      }
    }

    assertThat(only(Topic.LATENT_DENOISED.topicName(), id).key())
        .isEqualTo(new ImageTask(id, 1).key());
    assertThat(latents.getRequest()).isEqualTo(request);
    assertThat(latents.getImageIndex()).isEqualTo(1);
    assertThat(tensor.shape()).containsExactly(1, 4, 16, 16);
    assertThat(tensor.isFinite()).isTrue();
    assertThat(latents.getRuntimeClass().getProvider()).isEqualTo("cpu");
    assertThat(latents.getRuntimeClass().getBatch()).isEqualTo(2);
    assertThat(fact.getImageIndex()).isEqualTo(1);
    assertThat(fact.getRuntimeClass()).isEqualTo(latents.getRuntimeClass());
    // some may be left out when the broker is slow
    assertThat(steps).isSorted().doesNotHaveDuplicates().allMatch(n -> n >= 1 && n <= 25);
    assertThat(previews).isNotEmpty();
    for (byte[] preview : previews) {
      BufferedImage picture = ImageIO.read(new ByteArrayInputStream(preview));
      assertThat(picture.getWidth()).isEqualTo(16);
      assertThat(picture.getHeight()).isEqualTo(16);
    }
  }

  @Test
  void theSameRequestTwiceGivesTheSameLatents() throws Exception {
    GenerationRequest first = request().build();
    GenerationRequest second = request().build();
    submit(first, 0);
    submit(second, 0);

    assertThat(latents(second.getGenerationId())).isEqualTo(latents(first.getGenerationId()));
  }

  @Test
  void whatTheModelCannotDoIsAFactAndNoDeadLetter() throws Exception {
    GenerationRequest request = request().setSampler("leapfrog").build();

    submit(request, 0);

    ImageFailed failed = fact(request.getGenerationId()).getImageFailed();
    assertThat(failed.getImageIndex()).isZero();
    assertThat(failed.hasImageIndex()).isTrue();
    assertThat(failed.getStage()).isEqualTo("denoiser");
    assertThat(failed.getCode()).isEqualTo("unsupported_request");
  }

  @Test
  void whatCannotBeReadIsADeadLetter() {
    String id = newId();

    writer.write(
        QUEUE,
        id + "/0",
        new byte[] {(byte) 0xff, 1, 2},
        RecordWriter.headers(id, Instant.now().plus(SOON), "EmbeddingReady"));

    ConsumerRecord<String, byte[]> dead =
        only(Topic.DEAD_LETTER.topicName(Stage.DENOISER.id()), id);
    assertThat(dead.value()).containsExactly((byte) 0xff, 1, 2);
    assertThat(RecordReader.header(dead, HeaderNames.DEAD_LETTER_CODE))
        .isEqualTo("unreadable_record");
  }

  /** Which another attempt may not have: it counts, although no step was made. */
  @Test
  void aPictureWhoseTextWasAlteredInTheStoreIsGivenUp() {
    GenerationRequest request = request().build();
    String sha256 = Sha256.hex(request.getGenerationId().getBytes(StandardCharsets.UTF_8));
    String key = ObjectKeys.payload(request.getTenant(), sha256);
    store.put(key, new byte[] {1}, "application/x-protobuf");
    EmbeddingReady.Builder record = apple.toBuilder();
    record
        .getConditioningsBuilder(0)
        .setEmbedding(
            Payload.newBuilder()
                .setStored(StoredPayload.newBuilder().setKey(key).setSha256(sha256)));

    submit(record, request, 0);

    ConsumerRecord<String, byte[]> letter =
        only(Topic.DEAD_LETTER.topicName(Stage.DENOISER.id()), request.getGenerationId());
    assertThat(RecordReader.header(letter, HeaderNames.DEAD_LETTER_CODE))
        .isEqualTo("artifact_altered");
  }

  /** Nobody made a step again: there would be no latents to publish at once. */
  @Test
  void finishedLatentsWaitForAStoreThatIsAway() {
    GenerationRequest request = request().build();
    List<StepTask> published = new ArrayList<>();
    List<Integer> told = new ArrayList<>();
    HeapBudget heap = new HeapBudget(1 << 20, 1 << 20);
    LatentPublisher away =
        publisher(
            task -> {
              published.add(task);
              assertThat(heap.reserved()).isGreaterThanOrEqualTo(PlanBytes.of(task));
              if (published.size() < 3) {
                throw new Failure.Retryable(Failure.STORE_UNAVAILABLE, "the store does not answer");
              }
            },
            () -> {
              told.add(published.size());
              if (told.size() < 2) {
                throw new Failure.Retryable(
                    Failure.BROKER_UNAVAILABLE, "the broker does not answer");
              }
            });

    stage(heap, away, new CancelledGenerations()).denoise(item(request));

    assertThat(published).hasSize(3).allMatch(task -> task == published.get(0));
    assertThat(told).as("the fact, when the latents are passed on").containsExactly(3, 3);
    assertThat(heap.reserved()).isZero();
  }

  @Test
  void aPictureThatFailsOrIsStoppedGivesItsMemoryBack() {
    GenerationRequest request = request().build();
    HeapBudget heap = new HeapBudget(1 << 20, 1 << 20);
    LatentPublisher failing =
        publisher(
            task -> {
              assertThat(heap.reserved()).isPositive();
              throw new IllegalStateException("cannot be published");
            },
            () -> {});
    CancelledGenerations all =
        new CancelledGenerations() {
          @Override
          public boolean contains(String generationId) {
            return true;
          }
        };

    assertThatThrownBy(
            () -> stage(heap, failing, new CancelledGenerations()).denoise(item(request)))
        .hasMessage("cannot be published");
    assertThat(heap.reserved()).isZero();
    stage(heap, failing, all).denoise(item(request));
    assertThat(heap.reserved()).isZero();
  }

  @Test
  void aPictureThatDoesNotFitTheHeapIsAFactThatSaysSo() throws Exception {
    GenerationRequest request = request().build();
    HeapBudget heap = new HeapBudget(1, 1);

    stage(heap, publisher(task -> {}, () -> {}), new CancelledGenerations()).denoise(item(request));

    ImageFailed failed = fact(request.getGenerationId()).getImageFailed();
    assertThat(failed.getCode()).isEqualTo("unsupported_request");
    assertThat(heap.reserved()).isZero();
  }

  private DenoiseStage stage(
      HeapBudget heap, LatentPublisher publisher, CancelledGenerations cancelled) {
    return new DenoiseStage(devices, heap, planner, records, publisher, facts, cancelled, progress);
  }

  private static LatentPublisher publisher(Consumer<StepTask> finished, Runnable told) {
    return new LatentPublisher(null, null, null) {
      @Override
      void passOn(WorkItem item, EmbeddingReady record, StepTask task, RuntimeClass runtime) {
        finished.accept(task);
      }

      @Override
      void tell(WorkItem item, EmbeddingReady record, RuntimeClass runtime) {
        told.run();
      }
    };
  }

  private static WorkItem item(GenerationRequest request) {
    Instant deadline = Instant.now().plus(SOON);
    return new WorkItem(
        new ImageTask(request.getGenerationId(), 0).key(),
        apple.toBuilder().setRequest(request).build().toByteArray(),
        RecordWriter.headers(request.getGenerationId(), deadline, "EmbeddingReady"),
        request.getGenerationId(),
        1,
        false,
        deadline,
        new TestLease());
  }

  @Test
  void aCancelledPictureIsLeftBetweenTwoSteps() {
    GenerationRequest cancelled = request().setSteps(60).build();
    // longer: the loop would finish the other one first
    GenerationRequest next = request().setSteps(70).build();
    String id = cancelled.getGenerationId();
    submit(cancelled, 0);
    reader.ofGeneration(Topic.GENERATION_PROGRESS.topicName(), id, 1, SOON);

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
    submit(next, 0);

    only(Topic.LATENT_DENOISED.topicName(), next.getGenerationId());
    assertThat(of(Topic.GENERATION_PROGRESS, id)).hasSizeLessThan(60);
    assertThat(of(Topic.LATENT_DENOISED, id)).isEmpty();
    assertThat(of(Topic.GENERATION_EVENT, id)).isEmpty();
  }

  private static GenerationRequest.Builder request() {
    return Starter.request().setGenerationId(newId());
  }

  private static String newId() {
    return GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current());
  }

  private static void submit(GenerationRequest request, int index) {
    submit(apple.toBuilder(), request, index);
  }

  private static void submit(EmbeddingReady.Builder record, GenerationRequest request, int index) {
    writer.write(
        QUEUE,
        new ImageTask(request.getGenerationId(), index).key(),
        record.setRequest(request).setImageIndex(index).build().toByteArray(),
        RecordWriter.headers(
            request.getGenerationId(), Instant.now().plus(SOON), "EmbeddingReady"));
  }

  private ConsumerRecord<String, byte[]> only(String topic, String id) {
    return reader.ofGeneration(topic, id, 1, SOON).get(0);
  }

  private List<ConsumerRecord<String, byte[]>> of(Topic topic, String id) {
    return reader.all(topic.topicName()).stream()
        .filter(record -> id.equals(RecordReader.header(record, HeaderNames.GENERATION_ID)))
        .toList();
  }

  private GenerationEvent fact(String id) throws Exception {
    return GenerationEvent.parseFrom(only(Topic.GENERATION_EVENT.topicName(), id).value());
  }

  private float[] latents(String id) throws Exception {
    LatentDenoised latents =
        LatentDenoised.parseFrom(only(Topic.LATENT_DENOISED.topicName(), id).value());
    return TensorRecords.fromRecord(latents.getLatents().getInline()).data();
  }
}
