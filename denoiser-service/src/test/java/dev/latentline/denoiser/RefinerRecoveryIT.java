package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.ImageTask;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.resume.StepRecords;
import dev.latentline.denoiser.task.Starter;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.Steps;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.blob.S3BlobStore;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Refiner;
import dev.latentline.proto.v1.Role;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RandomCheckpoint;
import dev.latentline.testkit.TestStack;
import dev.latentline.testkit.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two denoisers as processes of their own, and a picture that a refiner goes on with. */
@Timeout(Patience.TEST_SECONDS)
class RefinerRecoveryIT {
  private static final String POOL = "refiner-recovery";
  private static final int STEPS = 100;

  /** So that step records are written behind the hand-over. */
  private static final double EARLY = 0.1;

  private static TestStack stack;
  private static Path models;
  private static Catalogue catalogue;

  private final Replicas replicas = new Replicas(stack, POOL, models);

  @BeforeAll
  static void open() throws IOException {
    stack = TestStack.shared();
    Topics.create(stack.bootstrapServers(), POOL);
    models = stack.folder().resolve("refiner-catalogue");
    imported("tiny-sdxl", "my");
    imported("tiny-sdxl-refiner", "fine");
    Files.writeString(models.resolve("pools.yaml"), POOL + ": [my, fine]\n");
    catalogue = Catalogue.open(models);
  }

  private static void imported(String checkpoint, String name) throws IOException {
    Path file = stack.folder().resolve(checkpoint + ".safetensors");
    CheckpointImport.run(
        ImportOrder.of(
            RandomCheckpoint.of(checkpoint).write(file),
            name,
            RandomCheckpoint.allTemplates(),
            models),
        note -> {});
  }

  @AfterEach
  void end() {
    replicas.close();
  }

  @Test
  void theOtherGoesOnBehindTheHandOverWithThePictureOfAKilledReplica() throws Exception {
    List<ChildProcess> both = replicas.start(2);
    ChildProcess one = both.get(0);
    ChildProcess two = both.get(1);
    String id = GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current());
    EmbeddingReady record = record(id, Optional.of(EARLY));
    StepTask undisturbed = undisturbed(record);
    int handOver = undisturbed.plan().refinement().orElseThrow().from();
    Replicas.submit(record);
    awaitStepRecordBehind(handOver, record.getRequest());
    boolean isOne = began(one, id) > began(two, id);
    ChildProcess other = isOne ? two : one;

    (isOne ? one : two).kill();

    float[] made = Replicas.latents(id);
    Matcher begins =
        Pattern.compile("generation=" + id + " image=0 attempt=[23] begins at step (\\d+)/")
            .matcher(Replicas.log(other));
    assertThat(begins.find()).isTrue();
    assertThat(Integer.parseInt(begins.group(1))).isBetween(Math.max(1, handOver), STEPS - 1);
    assertThat(made)
        .isEqualTo(undisturbed.latents().data())
        .isNotEqualTo(undisturbed(record(id, Optional.empty())).latents().data());
  }

  private void awaitStepRecordBehind(int step, GenerationRequest request) {
    ImageTask task = new ImageTask(request.getGenerationId(), 0);
    try (S3BlobStore store = replicas.store()) {
      StepRecords records = new StepRecords(store);
      await()
          .atMost(Patience.SOON)
          .pollInterval(Duration.ofMillis(10))
          .until(
              () ->
                  records
                      .read(request.getTenant(), task)
                      .filter(found -> found.state().step() >= step)
                      .isPresent());
    }
  }

  /** Where its log says so; -1 where it did not. */
  private static int began(ChildProcess replica, String id) {
    return Replicas.log(replica).lastIndexOf("generation=" + id);
  }

  private static EmbeddingReady record(String id, Optional<Double> start) {
    ModelCard card = catalogue.find("my").orElseThrow();
    ModelCard refiner = catalogue.find("fine").orElseThrow();
    GenerationRequest.Builder request =
        Starter.request()
            .setGenerationId(id)
            .setPool(POOL)
            .setModel(reference(card))
            .setSteps(STEPS)
            .setSampler("dpmpp_2m_sde")
            .setWidth(256)
            .setHeight(256);
    start.ifPresent(
        at -> request.setRefiner(Refiner.newBuilder().setRefiner(reference(refiner)).setStart(at)));
    return EmbeddingReady.newBuilder()
        .setRequest(request)
        .addConditionings(conditioning(Role.POSITIVE, card, refiner, 1))
        .addConditionings(conditioning(Role.NEGATIVE, card, refiner, 2))
        .build();
  }

  private static ModelRef reference(ModelCard card) {
    return ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()).build();
  }

  private static Conditioning conditioning(
      Role role, ModelCard model, ModelCard refiner, int seed) {
    return Conditioning.newBuilder()
        .setRole(role)
        .setWeight(1)
        .setEnd(1)
        .setEmbedding(numbers(seed, 1, 77, model.unet().contextSize()))
        .setPooled(numbers(seed + 2, 1, model.pooledSize()))
        .setRefinerEmbedding(numbers(seed + 4, 1, 77, refiner.unet().contextSize()))
        .setRefinerPooled(numbers(seed + 6, 1, refiner.pooledSize()))
        .build();
  }

  private static Payload numbers(int seed, long... shape) {
    float[] numbers = new float[DenseTensor.elements(shape)];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) Math.sin(seed * i);
    }
    return Payload.newBuilder()
        .setInline(TensorRecords.toFloat32(new FloatTensor(shape, numbers)))
        .build();
  }

  /** Made in this process. */
  private static StepTask undisturbed(EmbeddingReady record) {
    GenerationRequest request = record.getRequest();
    try (PoolModels pool =
        new PoolModels(catalogue, POOL, SessionSettings.cpu(1), BatchSizes.none())) {
      PinnedModels pinned = PinnedModels.of(pool, request);
      StepTask task =
          StepTask.start(
              new TaskPlanner((tenant, payload) -> payload.getInline())
                  .plan(record, pinned.model(), pinned.refiner()));
      while (!task.done()) {
        try (HeldNetwork held = pinned.network(task, request, () -> true).orElseThrow()) {
          Steps.one(task, held.network());
        }
      }
      return task;
    }
  }
}
