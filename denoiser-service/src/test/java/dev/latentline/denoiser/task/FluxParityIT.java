package dev.latentline.denoiser.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.network.AddedInputs;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.schedule.Sigmas;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Role;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps of an imported FLUX.1, as diffusers' FluxPipeline makes them. */
class FluxParityIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));
  private static final TaskPlanner PLANNER =
      new TaskPlanner((tenant, payload) -> payload.getInline());
  private static final int WIDTH = 48;
  private static final String DEV = "tiny-flux-dev";
  private static final String SCHNELL = "tiny-flux-schnell";

  /** Sigmas are fp32 there. */
  private static final double ROUNDING = 1e-6;

  @TempDir static Path folder;
  private static final Map<String, SafetensorsFile> GOLDEN = new HashMap<>();
  private static Catalogue catalogue;
  private static PoolModels models;

  @BeforeAll
  static void load() throws IOException {
    for (String family : List.of(DEV, SCHNELL)) {
      GOLDEN.put(
          family, SafetensorsFile.open(HOME.resolve("parity/golden/" + family + ".safetensors")));
      CheckpointImport.run(
          ImportOrder.of(
              RandomCheckpoint.writeFolder(family, folder.resolve("checkpoint-" + family)),
              family,
              RandomCheckpoint.allTemplates(),
              folder.resolve("models")),
          note -> {});
    }
    CheckpointImport.run(
        ImportOrder.of(
            HOME.resolve("parity/golden/loras/" + DEV + "/kohya.safetensors"),
            "ink",
            RandomCheckpoint.allTemplates(),
            folder.resolve("models")),
        note -> {});
    catalogue =
        Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), folder.resolve("models")));
    models = new PoolModels(catalogue, "default", SessionSettings.cpu(1), BatchSizes.none());
  }

  @AfterAll
  static void close() throws IOException {
    models.close();
    for (SafetensorsFile file : GOLDEN.values()) {
      file.close();
    }
  }

  /** Two sizes, for which the sigmas of the one that does so are shifted differently. */
  @ParameterizedTest
  @CsvSource({
    DEV + ", latents., 96, 64, 4",
    DEV + ", large.latents., 192, 256, 3",
    SCHNELL + ", latents., 96, 64, 4",
    SCHNELL + ", large.latents., 192, 256, 3",
  })
  void theLatentsOfEveryStepAreThoseOfDiffusers(
      String family, String latents, int width, int height, int steps) throws IOException {
    PoolModel model = models.require(ref(family));
    StepTask task = StepTask.start(PLANNER.plan(record(family, width, height, steps), model));

    try (HeldNetwork network = models.network(model)) {
      for (int step = 0; step < steps; step++) {
        Steps.one(task, network.network());
        assertSame(floats(family, latents + step), task.state().latents());
      }
    }
    assertThat(task.done()).isTrue();
    assertThat(task.latents().shape()).containsExactly(1, 16, height / 8, width / 8);
  }

  /** What is left to do depends on the record and the state alone, the shift by the size too. */
  @Test
  void aPictureThatIsGoneOnWithHasTheSameBytes() throws IOException {
    PoolModel model = models.require(ref(DEV));
    StepTask whole = StepTask.start(PLANNER.plan(record(DEV, 96, 64, 4), model));
    StepTask begun = StepTask.start(PLANNER.plan(record(DEV, 96, 64, 4), model));

    try (HeldNetwork network = models.network(model)) {
      Steps.one(begun, network.network());
      StepTask resumed =
          StepTask.resume(PLANNER.plan(record(DEV, 96, 64, 4), model), begun.state());
      for (int step = 0; step < 4; step++) {
        Steps.one(whole, network.network());
      }
      for (int step = 1; step < 4; step++) {
        Steps.one(resumed, network.network());
      }
      assertThat(resumed.latents().data()).isEqualTo(whole.latents().data());
    }
  }

  @ParameterizedTest
  @CsvSource({DEV + ", 4096, 28", DEV + ", 1024, 7", SCHNELL + ", 4096, 28", SCHNELL + ", 1024, 7"})
  void theSigmasOfASizeAreThoseOfDiffusers(String family, int tokens, int steps)
      throws IOException {
    float[] wanted = floats(family, "sigmas." + tokens + "." + steps);

    Sigmas sigmas =
        Schedules.of(
            Sampler.EULER,
            Schedule.NORMAL,
            models.require(ref(family)).noise().ofTokens(tokens),
            steps);

    assertThat(wanted).hasSize(steps + 1);
    for (int step = 0; step < steps; step++) {
      assertThat(sigmas.from(step)).isCloseTo(wanted[step], within(ROUNDING));
      assertThat(sigmas.to(step)).isCloseTo(wanted[step + 1], within(ROUNDING));
    }
  }

  @Test
  void aLoraChangesTheStepsByItsWeight() throws IOException {
    float[] plain = floats(DEV, "latents.0");

    assertSame(plain, stepWith(lora(0)));
    float[] changed = stepWith(lora(0.5f));
    assertThat(difference(plain, changed)).isGreaterThan(0.01);
    assertThat(stepWith(lora(0.25f), lora(0.25f))).isEqualTo(changed);
  }

  private static float[] stepWith(Lora... loras) throws IOException {
    PoolModel model = models.require(ref(DEV));
    StepTask task = StepTask.start(PLANNER.plan(record(DEV, 96, 64, 4), model));
    try (HeldNetwork network =
        models.network(model, List.of(loras), List.of(), () -> true).orElseThrow()) {
      Steps.one(task, network.network());
    }
    return task.state().latents();
  }

  private static Lora lora(float weight) {
    LoraCard card = catalogue.findLora("ink").orElseThrow();
    return Lora.newBuilder()
        .setLora(ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()))
        .setWeight(weight)
        .build();
  }

  /** So a negative prompt costs nothing, and changes nothing. */
  @Test
  void theNetworkIsToldTheGuidanceAndAskedOnce() throws IOException {
    EmbeddingReady record = record(DEV, 96, 64, 4);
    EmbeddingReady negative =
        record.toBuilder()
            .addConditionings(record.getConditionings(0).toBuilder().setRole(Role.NEGATIVE))
            .build();

    TaskPlan plan = PLANNER.plan(negative, models.require(ref(DEV)));

    assertThat(plan.rows()).isEqualTo(1);
    FloatTensor guidance = plan.added(0).orElseThrow().byInput().get(AddedInputs.GUIDANCE);
    assertThat(guidance.shape()).containsExactly(1);
    assertThat(guidance.data()).containsExactly(3.5f);
    assertThat(
            PLANNER
                .plan(record(SCHNELL, 96, 64, 4), models.require(ref(SCHNELL)))
                .added(0)
                .orElseThrow()
                .byInput())
        .containsOnlyKeys(AddedInputs.TEXT_EMBEDS);
  }

  private static ModelRef ref(String family) {
    ModelCard card = catalogue.find(family).orElseThrow();
    return ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()).build();
  }

  private static EmbeddingReady record(String family, int width, int height, int steps)
      throws IOException {
    ModelCard card = catalogue.find(family).orElseThrow();
    var stated = GOLDEN.get(family).metadata();
    // which is told to the one network; the other one has no input for it and asks without
    float scale =
        family.equals(DEV)
            ? Float.parseFloat(stated.get("guidance_scale"))
            : card.defaults().guidanceScale();
    GenerationRequest request =
        GenerationRequest.newBuilder()
            .setGenerationId("gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b")
            .setTenant("default")
            .setModel(ref(family))
            .setPool("default")
            .setPrompt(stated.get("prompt"))
            .setSeed(Long.parseLong(stated.get("seed")))
            .setRng("cpu")
            .setSteps(steps)
            .setGuidanceScale(scale)
            .setSampler(card.defaults().sampler().id())
            .setSchedule(card.defaults().schedule().id())
            .setWidth(width)
            .setHeight(height)
            .setCount(1)
            .setOutputFormat("png")
            .build();
    float[] context = floats(family, "context.prompt");
    float[] pooled = floats(family, "pooled.prompt");
    Conditioning prompt =
        Starter.conditioning(
                Role.POSITIVE,
                new FloatTensor(new long[] {1, context.length / WIDTH, WIDTH}, context))
            .toBuilder()
            .setPooled(
                Payload.newBuilder()
                    .setInline(
                        TensorRecords.toFloat32(
                            new FloatTensor(new long[] {1, pooled.length}, pooled))))
            .build();
    return EmbeddingReady.newBuilder().setRequest(request).addConditionings(prompt).build();
  }

  private static float[] floats(String family, String name) throws IOException {
    SafetensorsFile golden = GOLDEN.get(family);
    ByteBuffer bytes = golden.map(golden.find(name).orElseThrow());
    float[] values = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  private static void assertSame(float[] wanted, float[] found) {
    assertThat(difference(wanted, found)).isLessThan(1e-4);
  }

  /** The largest over the largest number. */
  private static double difference(float[] wanted, float[] found) {
    assertThat(found).hasSameSizeAs(wanted);
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < wanted.length; i++) {
      difference = Math.max(difference, Math.abs(wanted[i] - found[i]));
      largest = Math.max(largest, Math.abs(wanted[i]));
    }
    return difference / largest;
  }
}
