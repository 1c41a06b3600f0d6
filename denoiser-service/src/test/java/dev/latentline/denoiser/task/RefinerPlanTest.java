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
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Refiner;
import dev.latentline.proto.v1.Role;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class RefinerPlanTest {
  private static final ModelLimits ANY = new ModelLimits(64, 128, 64, 128, 32, 128 * 128, 100);

  /** One that fills in, so that its input is another one's. */
  private static final PoolModel MODEL =
      model("xl", Optional.empty(), ANY, 2, new UNet("unet/model.onnx", 4, 2, 6, true, 0, true));

  private static final PoolModel REFINER = refiner("xl", ANY);

  private final TaskPlanner planner = new TaskPlanner((tenant, payload) -> payload.getInline());

  @Test
  void eachNetworkIsAskedInItsOwnWayAndTheRefinerWithHowWellItIsLiked() {
    TaskPlan plan = planner.plan(record(request -> {}), MODEL, Optional.of(REFINER));
    StepTask task = StepTask.start(plan);
    int handOver = plan.refinement().orElseThrow().from();

    assertThat(handOver).isEqualTo(8);
    assertThat(task.call().input().shape()).containsExactly(1, 9, 8, 12);
    assertThat(task.call().contexts().data()).containsOnly(1, 2);
    assertThat(ids(task)).containsExactly(64, 96, 0, 0, 64, 96, 64, 96, 0, 0, 64, 96);
    while (task.state().step() < handOver) {
      task.advance(new float[2 * 4 * 8 * 12]);
    }
    assertThat(task.call().input().shape()).containsExactly(1, 4, 8, 12);
    assertThat(task.call().contexts().shape()).containsExactly(2, 4, 3);
    assertThat(task.call().contexts().data()).containsOnly(5, 6);
    assertThat(task.call().added().orElseThrow().byInput().get("text_embeds").data())
        .containsExactly(7, 7, 8, 8);
    assertThat(ids(task)).containsExactly(64, 96, 0, 0, 6, 64, 96, 0, 0, 2.5f);
  }

  @Test
  void whatTheRefinerCannotGoOnWithIsRejected() {
    assertRejected(record(request -> {}), refiner("other", ANY));
    assertRejected(
        record(request -> {}), refiner("xl", new ModelLimits(64, 128, 64, 128, 64, 16384, 100)));
    assertRejected(
        record(request -> request.getRefinerBuilder().setStart(Double.NaN)), refiner("xl", ANY));
    assertRejected(record(request -> {}), MODEL);
  }

  private void assertRejected(EmbeddingReady record, PoolModel refiner) {
    assertThatThrownBy(() -> planner.plan(record, MODEL, Optional.of(refiner)))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unsupported_request"));
  }

  @Test
  void textsThatAreNotTheRefinersAreRejected() {
    EmbeddingReady.Builder record = record(request -> {}).toBuilder();
    record.getConditioningsBuilder(1).setRefinerEmbedding(filled(6, 1, 4, 2));

    assertThatThrownBy(() -> planner.plan(record.build(), MODEL, Optional.of(REFINER)))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("invalid_tensor"));
  }

  private static float[] ids(StepTask task) {
    return task.call().added().orElseThrow().byInput().get("time_ids").data();
  }

  private static PoolModel refiner(String refines, ModelLimits limits) {
    UNet network = new UNet("unet/model.onnx", 4, 3, 5, false, 0, false);
    return model("xl-refiner", Optional.of(refines), limits, 3, network);
  }

  private static PoolModel model(
      String family, Optional<String> refines, ModelLimits limits, int width, UNet network) {
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
            limits,
            List.of(encoder(width)),
            network,
            new Vae("decoder.onnx", "encoder.onnx", 8, 1, Optional.empty()),
            Configs.starter(),
            Optional.empty(),
            Map.of()),
        TrainedNoise.of(Configs.starter()));
  }

  private static TextEncoder encoder(int width) {
    return new TextEncoder(
        "tokenizer.json",
        "text.onnx",
        "out",
        4,
        width,
        OptionalLong.empty(),
        false,
        List.of(),
        Optional.of(new TextEncoder.Pooled("pooled", 2)),
        TextEncoder.Join.BESIDE);
  }

  private static EmbeddingReady record(Consumer<GenerationRequest.Builder> change) {
    GenerationRequest.Builder request =
        GenerationRequest.newBuilder()
            .setGenerationId("gen_1")
            .setSeed(7)
            .setSteps(10)
            .setGuidanceScale(3)
            .setSampler("ddim")
            .setSchedule("normal")
            .setWidth(96)
            .setHeight(64)
            .setCount(1)
            .setRefiner(Refiner.newBuilder().setStart(0.8));
    change.accept(request);
    return EmbeddingReady.newBuilder()
        .setRequest(request)
        .addConditionings(conditioning(Role.POSITIVE, 0))
        .addConditionings(conditioning(Role.NEGATIVE, 1))
        .setMaskedPicture(filled(0, 1, 5, 8, 12))
        .build();
  }

  private static Conditioning conditioning(Role role, int more) {
    return Conditioning.newBuilder()
        .setRole(role)
        .setWeight(1)
        .setEnd(1)
        .setEmbedding(filled(1 + more, 1, 4, 2))
        .setPooled(filled(3 + more, 1, 2))
        .setRefinerEmbedding(filled(5 + more, 1, 4, 3))
        .setRefinerPooled(filled(7 + more, 1, 2))
        .build();
  }

  private static Payload filled(float value, long... shape) {
    FloatTensor tensor = FloatTensor.zeros(shape);
    Arrays.fill(tensor.data(), value);
    return Payload.newBuilder().setInline(TensorRecords.toFloat32(tensor)).build();
  }
}
