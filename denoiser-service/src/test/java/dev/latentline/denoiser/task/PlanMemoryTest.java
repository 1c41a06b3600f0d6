package dev.latentline.denoiser.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.schedule.Configs;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.Defaults;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelLimits;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.catalogue.UNet;
import dev.latentline.inference.catalogue.Vae;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Refiner;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.StoredPayload;
import dev.latentline.proto.v1.Tensor;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PlanMemoryTest {
  private static final int WIDTH = 16;
  private static final int REFINER_WIDTH = 12;
  private static final long LATENTS = 4 * 8 * 12;

  /** With everything that a network with a refiner can be asked with. */
  private static final PoolModel MODEL =
      model(
          "xl",
          Optional.empty(),
          WIDTH,
          4,
          new UNet(
              "unet.onnx",
              4,
              WIDTH,
              6,
              false,
              0,
              true,
              true,
              0,
              false,
              1,
              Optional.of("controlled.onnx")));

  private static final PoolModel REFINER =
      model(
          "xl-refiner",
          Optional.of("xl"),
          REFINER_WIDTH,
          4,
          new UNet("unet.onnx", 4, REFINER_WIDTH, 5, false, 0, false));

  private final Map<String, Tensor> store = new HashMap<>();
  private final TaskPlanner planner =
      new TaskPlanner(
          (tenant, payload) ->
              payload.hasStored() ? store.get(payload.getStored().getKey()) : payload.getInline());

  @Test
  void itIsWhatThePlanTakesAndTheStatesAndOnceMoreWhatIsBeingRead() {
    EmbeddingReady record = record().build();

    PlanMemory memory = planner.memory(record, MODEL, Optional.of(REFINER));
    TaskPlan plan = planner.plan(record, MODEL, Optional.of(REFINER));

    assertThat(plan.contexts().shape()).containsExactly(3, 8, WIDTH);
    assertThat(plan.refinement().orElseThrow().contexts().shape())
        .containsExactly(3, 4, REFINER_WIDTH);
    assertThat(plan.steerings()).hasSize(2);
    assertThat(plan.masked()).isPresent();
    assertThat(plan.added().orElseThrow().byInput()).containsOnlyKeys("text_embeds", "time_ids");
    // x, four of a sampler's memory, twice, and x0
    assertThat(memory.held()).isEqualTo(PlanBytes.of(plan) + 11 * Float.BYTES * LATENTS);
    int picture = 3 * 64 * 96;
    assertThat(memory.planning()).isEqualTo(memory.held() + 2 * picture);
  }

  @Test
  void itCoversATaskOfTheSamplerThatRemembersMost() {
    EmbeddingReady.Builder record = record();
    record.getRequestBuilder().setSampler("lms");
    long held = planner.memory(record.build(), MODEL, Optional.of(REFINER)).held();
    StepTask task = StepTask.start(planner.plan(record.build(), MODEL, Optional.of(REFINER)));
    long most = PlanBytes.of(task);

    while (!task.done()) {
      task.advance(new float[(int) (task.plan().rows() * LATENTS)]);
      most = Math.max(most, PlanBytes.of(task));
    }

    assertThat(most).isGreaterThan(PlanBytes.of(task.plan()) + 4 * Float.BYTES * LATENTS);
    assertThat(held).isGreaterThanOrEqualTo(most);
  }

  /** As many texts as Stable Diffusion 3 takes: [a|b|...] with 14 options, and a negative one. */
  @Test
  void nothingIsReadForIt() {
    UNet network =
        new UNet("unet.onnx", 16, 4096, 0, false, 0, false, false, 333, false, 2, Optional.empty());
    PoolModel large = model("sd3", Optional.empty(), 4096, 77, network);
    EmbeddingReady.Builder record = EmbeddingReady.newBuilder().setRequest(request().setSteps(14));
    for (int i = 0; i < 14; i++) {
      record.addConditionings(stored(Role.POSITIVE, 333L * 4096 * 4 + 15).addSteps(i));
    }
    record.addConditionings(stored(Role.NEGATIVE, 333L * 4096 * 4 + 15));

    PlanMemory memory = planner.memory(record.build(), large, Optional.empty());

    assertThat(store).isEmpty();
    assertThat(memory.held()).isBetween(15L * 333 * 4096 * 4, 15L * 334 * 4096 * 4);
    assertThat(memory.planning() - memory.held()).isEqualTo(2 * (333L * 4096 * 4 + 15));
  }

  private static Conditioning.Builder stored(Role role, long bytes) {
    return Conditioning.newBuilder()
        .setRole(role)
        .setWeight(1)
        .setEnd(1)
        .setEmbedding(
            Payload.newBuilder().setStored(StoredPayload.newBuilder().setSizeBytes(bytes)));
  }

  @Test
  void whatIsLongerOrShorterThanItsRecordSaysIsRejected() {
    for (int rows : new int[] {3, 5, 7}) {
      EmbeddingReady.Builder record = record();
      Payload.Builder embedding = record.getConditioningsBuilder(1).getEmbeddingBuilder();
      Tensor other = TensorRecords.toFloat32(FloatTensor.zeros(1, rows, WIDTH));
      assertThat(planner.plan(record.build(), MODEL, Optional.of(REFINER))).isNotNull();
      store.put("another", other);
      embedding.getStoredBuilder().setKey("another");
      assertThatThrownBy(() -> planner.plan(record.build(), MODEL, Optional.of(REFINER)))
          .isInstanceOfSatisfying(
              Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("invalid_tensor"))
          .hasMessageContaining("rows that its record says");
      store.clear();
    }
  }

  @Test
  void whatCannotBePlannedIsRejectedBeforeItIsWaitedFor() {
    EmbeddingReady.Builder record = record();
    record.getRequestBuilder().setSteps(101);

    assertThatThrownBy(() -> planner.memory(record.build(), MODEL, Optional.of(REFINER)))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unsupported_request"));
    assertThatThrownBy(() -> planner.memory(record().build(), MODEL, Optional.of(MODEL)))
        .isInstanceOf(Failure.Rejected.class);
    assertThatThrownBy(
            () ->
                planner.memory(record().clearConditionings().build(), MODEL, Optional.of(REFINER)))
        .isInstanceOf(Failure.Rejected.class);
  }

  /** Two prompts, the second of two chunks and in the store, and a negative one. */
  private EmbeddingReady.Builder record() {
    Tensor second = TensorRecords.toFloat32(FloatTensor.zeros(1, 6, WIDTH));
    store.put("a text", second);
    return EmbeddingReady.newBuilder()
        .setRequest(
            request()
                .setRefiner(Refiner.newBuilder().setStart(0.8))
                .addControls(ControlPicture.newBuilder().setWeight(1).setEnd(1))
                .addControls(ControlPicture.newBuilder().setWeight(1).setEnd(1)))
        .addConditionings(conditioning(Role.POSITIVE, zeros(1, 2, WIDTH)))
        .addConditionings(
            conditioning(
                Role.POSITIVE,
                Payload.newBuilder()
                    .setStored(
                        StoredPayload.newBuilder()
                            .setKey("a text")
                            .setSizeBytes(second.getSerializedSize()))
                    .build()))
        .addConditionings(conditioning(Role.NEGATIVE, zeros(1, 1, WIDTH)))
        .setMaskedPicture(zeros(1, 5, 8, 12))
        .addControlPictures(picture())
        .addControlPictures(picture());
  }

  private static GenerationRequest.Builder request() {
    return GenerationRequest.newBuilder()
        .setGenerationId("gen_1")
        .setSeed(7)
        .setSteps(10)
        .setGuidanceScale(3)
        .setSampler("euler")
        .setSchedule("normal")
        .setWidth(96)
        .setHeight(64)
        .setCount(1);
  }

  private static Conditioning conditioning(Role role, Payload embedding) {
    return Conditioning.newBuilder()
        .setRole(role)
        .setWeight(1)
        .setEnd(1)
        .setEmbedding(embedding)
        .setPooled(zeros(1, 2))
        .setRefinerEmbedding(zeros(1, 4, REFINER_WIDTH))
        .setRefinerPooled(zeros(1, 2))
        .build();
  }

  private static Payload zeros(long... shape) {
    return Payload.newBuilder()
        .setInline(TensorRecords.toFloat32(FloatTensor.zeros(shape)))
        .build();
  }

  private static Payload picture() {
    return Payload.newBuilder()
        .setInline(TensorRecords.toUint8(new byte[3 * 64 * 96], 1, 3, 64, 96))
        .build();
  }

  private static PoolModel model(
      String family, Optional<String> refines, int width, int tokens, UNet network) {
    return new PoolModel(
        new ModelCard(
            family,
            "sha256:00",
            Path.of(family),
            family,
            refines,
            "MIT",
            "",
            Instant.EPOCH,
            new Defaults(10, 3, 64, 64, Sampler.DDIM, Schedule.NORMAL),
            new ModelLimits(64, 128, 64, 128, 32, 128 * 128, 100),
            List.of(
                new TextEncoder(
                    "tokenizer.json",
                    "text.onnx",
                    "out",
                    tokens,
                    width,
                    OptionalLong.of(0),
                    true,
                    List.of(),
                    Optional.of(new TextEncoder.Pooled("pooled", 2)),
                    TextEncoder.Join.BESIDE)),
            network,
            new Vae("decoder.onnx", "encoder.onnx", 8, 1, Optional.empty()),
            Configs.starter(),
            Optional.empty(),
            Map.of()),
        TrainedNoise.of(Configs.starter()));
  }
}
