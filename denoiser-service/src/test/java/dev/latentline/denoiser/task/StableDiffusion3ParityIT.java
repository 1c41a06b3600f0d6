package dev.latentline.denoiser.task;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.inference.catalogue.Catalogue;
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
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Role;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps of an imported Stable Diffusion 3, as diffusers' StableDiffusion3Pipeline makes them. */
class StableDiffusion3ParityIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));
  private static final TaskPlanner PLANNER =
      new TaskPlanner((tenant, payload) -> payload.getInline());
  private static final int CLIP_ROWS = 77;
  private static final int WIDTH = 48;

  @TempDir static Path folder;
  private static SafetensorsFile golden;
  private static PoolModels models;
  private static ModelCard card;

  @BeforeAll
  static void load() throws IOException {
    golden = SafetensorsFile.open(HOME.resolve("parity/golden/tiny-sd3.safetensors"));
    CheckpointImport.run(
        ImportOrder.of(
            RandomCheckpoint.writeFolder("tiny-sd3", folder.resolve("checkpoint")),
            "it",
            RandomCheckpoint.allTemplates(),
            folder.resolve("models")),
        note -> {});
    Catalogue catalogue =
        Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), folder.resolve("models")));
    card = catalogue.find("it").orElseThrow();
    models = new PoolModels(catalogue, "default", SessionSettings.cpu(1), BatchSizes.none());
  }

  @AfterAll
  static void close() throws IOException {
    models.close();
    golden.close();
  }

  @Test
  void theLatentsOfEveryStepAreThoseOfDiffusers() throws IOException {
    PoolModel model = models.require(request().getModel());
    StepTask task =
        StepTask.start(
            PLANNER.plan(record(floats("context.prompt"), floats("context.negative")), model));

    try (HeldNetwork network = models.network(model)) {
      for (int step = 0; step < request().getSteps(); step++) {
        Steps.one(task, network.network());
        assertSame(floats("latents." + step), task.state().latents());
      }
    }
    assertThat(task.done()).isTrue();
    assertThat(task.latents().shape()).containsExactly(1, 16, 8, 12);
  }

  @Test
  void rowsThatNoTextEncoderGivesAreZeros() throws IOException {
    float[] prompt = Arrays.copyOf(floats("context.prompt"), CLIP_ROWS * WIDTH);
    float[] negative = Arrays.copyOf(floats("context.negative"), CLIP_ROWS * WIDTH);

    TaskPlan plan = PLANNER.plan(record(prompt, negative), models.require(request().getModel()));

    assertThat(plan.contexts().shape()).containsExactly(2, 333, WIDTH);
    float[] all = plan.contexts().data();
    assertThat(Arrays.copyOf(all, prompt.length)).isEqualTo(prompt);
    assertThat(Arrays.copyOfRange(all, prompt.length, 333 * WIDTH)).containsOnly(0f);
  }

  private static GenerationRequest request() {
    var stated = golden.metadata();
    return GenerationRequest.newBuilder()
        .setGenerationId("gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b")
        .setTenant("default")
        .setModel(ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()))
        .setPool("default")
        .setPrompt(stated.get("prompt"))
        .setNegativePrompt(stated.get("negative_prompt"))
        .setSeed(Long.parseLong(stated.get("seed")))
        .setRng("cpu")
        .setSteps(Integer.parseInt(stated.get("steps")))
        .setGuidanceScale(Float.parseFloat(stated.get("guidance_scale")))
        .setSampler(card.defaults().sampler().id())
        .setSchedule(card.defaults().schedule().id())
        .setWidth(Integer.parseInt(stated.get("width")))
        .setHeight(Integer.parseInt(stated.get("height")))
        .setCount(1)
        .setOutputFormat("png")
        .build();
  }

  private static EmbeddingReady record(float[] prompt, float[] negative) throws IOException {
    return EmbeddingReady.newBuilder()
        .setRequest(request())
        .addConditionings(conditioning(Role.POSITIVE, prompt, floats("pooled.prompt")))
        .addConditionings(conditioning(Role.NEGATIVE, negative, floats("pooled.negative")))
        .build();
  }

  private static Conditioning conditioning(Role role, float[] context, float[] pooled) {
    return Starter.conditioning(
            role, new FloatTensor(new long[] {1, context.length / WIDTH, WIDTH}, context))
        .toBuilder()
        .setPooled(
            Payload.newBuilder()
                .setInline(
                    TensorRecords.toFloat32(
                        new FloatTensor(new long[] {1, pooled.length}, pooled))))
        .build();
  }

  private static float[] floats(String name) throws IOException {
    ByteBuffer bytes = golden.map(golden.find(name).orElseThrow());
    float[] values = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  /** Largest difference over largest number. */
  private static void assertSame(float[] wanted, float[] found) {
    assertThat(found).hasSameSizeAs(wanted);
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < wanted.length; i++) {
      difference = Math.max(difference, Math.abs(wanted[i] - found[i]));
      largest = Math.max(largest, Math.abs(wanted[i]));
    }
    assertThat(difference / largest).isLessThan(1e-4);
  }
}
