package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.GenerationIds;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.PoolModels;
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
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Role;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RandomCheckpoint;
import dev.latentline.testkit.TestStack;
import dev.latentline.testkit.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two denoisers as processes of their own, and a picture of a model that a LoRA changes and a
 * ControlNet steers.
 */
@Timeout(Patience.TEST_SECONDS)
class ChangedModelRecoveryIT {
  private static final String POOL = "lora-recovery";
  private static final int STEPS = 100;

  private static TestStack stack;
  private static Path models;
  private static Catalogue catalogue;

  private final Replicas replicas = new Replicas(stack, POOL, models);

  @BeforeAll
  static void open() throws IOException {
    stack = TestStack.shared();
    Topics.create(stack.bootstrapServers(), POOL);
    models = stack.folder().resolve("lora-catalogue");
    Path checkpoint = stack.folder().resolve("tiny-sd1.safetensors");
    imported(RandomCheckpoint.of("tiny-sd1").write(checkpoint), "my");
    Path loras = RandomCheckpoint.templates().resolveSibling("golden/loras/tiny-sd1");
    imported(loras.resolve("kohya.safetensors"), "ink");
    Path edges = stack.folder().resolve("tiny-sd1-edges.safetensors");
    imported(RandomCheckpoint.of("controlnets/tiny-sd1").write(edges), "edges");
    Files.writeString(models.resolve("pools.yaml"), POOL + ": [my]\n");
    catalogue = Catalogue.open(models);
  }

  private static void imported(Path file, String name) throws IOException {
    CheckpointImport.run(
        ImportOrder.of(file, name, RandomCheckpoint.allTemplates(), models), note -> {});
  }

  @AfterEach
  void end() {
    replicas.close();
  }

  @Test
  void theOtherGoesOnWithThePictureOfAKilledReplicaAndTheSameLoraAndControlNet() throws Exception {
    List<ChildProcess> both = replicas.start(2);
    ChildProcess one = both.get(0);
    ChildProcess two = both.get(1);
    String id = GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current());
    EmbeddingReady record = controlled(record(id, lora(0.75f)));
    Replicas.submit(record);
    replicas.awaitStepRecord(record.getRequest());
    boolean isOne = began(one, id) > began(two, id);
    ChildProcess other = isOne ? two : one;

    (isOne ? one : two).kill();

    float[] made = Replicas.latents(id);
    assertThat(Replicas.log(other))
        .contains("model=my is loaded with ink:0.75", "controlnet=edges is loaded")
        .containsPattern("generation=" + id + " image=0 attempt=[23] begins at step [1-9]");
    assertThat(made)
        .isEqualTo(undisturbed(record))
        .isNotEqualTo(undisturbed(record(id, lora(0.75f))))
        .isNotEqualTo(undisturbed(controlled(record(id))));
  }

  /** Where its log says so; -1 where it did not. */
  private static int began(ChildProcess replica, String id) {
    return Replicas.log(replica).lastIndexOf("generation=" + id);
  }

  private static EmbeddingReady record(String id, Lora... loras) {
    ModelCard card = catalogue.find("my").orElseThrow();
    GenerationRequest request =
        Starter.request()
            .setGenerationId(id)
            .setPool(POOL)
            .setModel(ModelRef.newBuilder().setName("my").setDigest(card.digest()))
            .addAllLoras(List.of(loras))
            .setSteps(STEPS)
            .setSampler("euler_a")
            .setWidth(256)
            .setHeight(256)
            .build();
    return EmbeddingReady.newBuilder()
        .setRequest(request)
        .addConditionings(Starter.conditioning(Role.POSITIVE, states(card, 1)))
        .addConditionings(Starter.conditioning(Role.NEGATIVE, states(card, 2)))
        .build();
  }

  /** The same, following a picture. */
  private static EmbeddingReady controlled(EmbeddingReady record) {
    GenerationRequest.Builder request = record.getRequest().toBuilder();
    request
        .addControlsBuilder()
        .setInput("0".repeat(64))
        .setWeight(0.8f)
        .setEnd(0.9)
        .getControlNetBuilder()
        .setName("edges")
        .setDigest(catalogue.findControlNet("edges").orElseThrow().digest());
    byte[] picture = new byte[3 * request.getWidth() * request.getHeight()];
    for (int i = 0; i < picture.length; i++) {
      picture[i] = (byte) (i * i / 1000);
    }
    return record.toBuilder()
        .setRequest(request)
        .addControlPictures(
            Payload.newBuilder()
                .setInline(
                    TensorRecords.toUint8(picture, 1, 3, request.getHeight(), request.getWidth())))
        .build();
  }

  private static FloatTensor states(ModelCard card, int seed) {
    int width = card.unet().contextSize();
    float[] states = new float[77 * width];
    for (int i = 0; i < states.length; i++) {
      states[i] = (float) Math.sin(seed * i);
    }
    return new FloatTensor(new long[] {1, 77, width}, states);
  }

  private static Lora lora(float weight) {
    String digest = catalogue.findLora("ink").orElseThrow().digest();
    return Lora.newBuilder()
        .setLora(ModelRef.newBuilder().setName("ink").setDigest(digest))
        .setWeight(weight)
        .build();
  }

  /** Made in this process. */
  private static float[] undisturbed(EmbeddingReady record) {
    GenerationRequest request = record.getRequest();
    try (PoolModels pool =
        new PoolModels(catalogue, POOL, SessionSettings.cpu(1), BatchSizes.none())) {
      PinnedModels pinned = PinnedModels.of(pool, request);
      TaskPlanner planner = new TaskPlanner((tenant, payload) -> payload.getInline());
      StepTask task = StepTask.start(planner.plan(record, pinned.model()));
      try (HeldNetwork held = pinned.network(task, request, () -> true).orElseThrow()) {
        return Steps.all(task, held.network()).latents().data();
      }
    }
  }
}
