package dev.latentline.denoiser.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.schedule.Configs;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.Defaults;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelLimits;
import dev.latentline.inference.catalogue.SchedulerConfig;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.catalogue.UNet;
import dev.latentline.inference.catalogue.Vae;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Role;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class TaskPlannerTest {
  private static final PoolModel MODEL =
      model(
          new TextEncoder("tokenizer.json", "text.onnx", "out", 4, 2),
          new UNet("unet/model.onnx", 4, 2));

  private static PoolModel model(TextEncoder encoder, UNet network) {
    return model(encoder, network, Configs.starter());
  }

  private static PoolModel model(TextEncoder encoder, UNet network, SchedulerConfig scheduler) {
    return new PoolModel(
        new ModelCard(
            "small",
            "sha256:00",
            Path.of("small"),
            "small",
            Optional.empty(),
            "MIT",
            "",
            Instant.EPOCH,
            new Defaults(10, 3, 64, 64, Sampler.DDIM, Schedule.NORMAL),
            new ModelLimits(64, 128, 64, 128, 32, 128 * 128, 100),
            List.of(encoder),
            network,
            new Vae("decoder.onnx", "encoder.onnx", 8, 1, Optional.empty()),
            scheduler,
            Optional.empty(),
            Map.of()),
        TrainedNoise.of(scheduler));
  }

  private final TaskPlanner planner = new TaskPlanner((tenant, payload) -> payload.getInline());

  @Test
  void numbersOfTheRequestAreResolved() {
    TaskPlan plan = planner.plan(record(request -> request.setCount(3), 2), MODEL);

    assertThat(plan.task()).isEqualTo(new ImageTask("gen_1", 2));
    assertThat(plan.seed()).isEqualTo(9);
    assertThat(plan.shape()).containsExactly(1, 4, 8, 12);
    assertThat(plan.steps()).isEqualTo(10);
    assertThat(plan.rows()).isEqualTo(2);
  }

  @Test
  void thePromptComesFirstAndShortTextsEndInZeros() {
    TaskPlan plan = planner.plan(record(request -> {}, 0), MODEL);

    assertThat(plan.contexts().shape()).containsExactly(2, 4, 2);
    assertThat(plan.contexts().data())
        .containsExactly(1, 2, 3, 4, 0, 0, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0);
  }

  @Test
  void withoutGuidanceOnlyThePromptIsAsked() {
    TaskPlan plan = planner.plan(record(request -> request.setGuidanceScale(1), 0), MODEL);

    assertThat(plan.contexts().shape()).containsExactly(1, 4, 2);
  }

  @Test
  void whatIsChosenOfASamplerReachesIt() {
    float[] euler = made(request -> request.setSampler("euler"));

    assertThat(made(request -> request.setSampler("euler_a").setEta(0))).isEqualTo(euler);
    assertThat(made(request -> request.setSampler("euler_a"))).isNotEqualTo(euler);
    assertThat(made(request -> request.setSampler("euler_a").setEta(1)))
        .isEqualTo(made(request -> request.setSampler("euler_a")))
        .isNotEqualTo(made(request -> request.setSampler("euler_a").setSNoise(0.5f)));
    assertThat(made(request -> request.setSampler("euler").setSChurn(4))).isNotEqualTo(euler);
    assertThat(made(request -> request.setSampler("euler").setRng("nv"))).isEqualTo(euler);
    assertThat(made(request -> request.setSampler("euler").setRng("cpu"))).isNotEqualTo(euler);
    assertThat(made(request -> request.setSampler("euler").setGuidanceRescale(0.7f)))
        .isNotEqualTo(euler);
  }

  @Test
  void aModelOfFlowMatchingTakesNoNoiseBeforeSteps() {
    PoolModel flow =
        model(
            new TextEncoder("tokenizer.json", "text.onnx", "out", 4, 2),
            new UNet("unet/model.onnx", 4, 2),
            Configs.flow());
    EmbeddingReady churning = record(request -> request.setSampler("euler").setSChurn(0.1f), 0);

    assertThat(planner.plan(record(request -> request.setSampler("euler"), 0), flow).steps())
        .isEqualTo(10);
    assertThatThrownBy(() -> planner.plan(churning, flow))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unsupported_request"))
        .hasMessageContaining("s_churn");
  }

  private float[] made(Consumer<GenerationRequest.Builder> change) {
    StepTask task = StepTask.start(planner.plan(record(change, 0), MODEL));
    return Steps.all(
            task,
            (calls, stop) ->
                calls.stream()
                    .map(
                        call -> {
                          float[] input = call.input().data();
                          float[] answers = new float[2 * input.length];
                          for (int i = 0; i < answers.length; i++) {
                            answers[i] = input[i % input.length] * (i < input.length ? 0.4f : 0.3f);
                          }
                          return answers;
                        })
                    .toList())
        .latents()
        .data();
  }

  @Test
  void whatIsBeyondTheLimitsIsRejected() {
    assertRejected(record(request -> request.setSteps(0), 0), "unsupported_request");
    assertRejected(record(request -> request.setSteps(101), 0), "unsupported_request");
    assertRejected(record(request -> request.setGuidanceScale(-1), 0), "unsupported_request");
    assertRejected(record(request -> request.setGuidanceScale(31), 0), "unsupported_request");
    assertRejected(
        record(request -> request.setGuidanceScale(Float.NaN), 0), "unsupported_request");
    assertRejected(record(request -> request.setWidth(100), 0), "unsupported_request");
    assertRejected(record(request -> request.setHeight(1 << 30), 0), "unsupported_request");
    assertRejected(record(request -> request.setSampler("dpm_fast"), 0), "unsupported_request");
    assertRejected(record(request -> request.setSchedule("sgm"), 0), "unsupported_request");
    assertRejected(record(request -> request.setRng("gpu"), 0), "unsupported_request");
    assertRejected(record(request -> request.setEta(1.1f), 0), "unsupported_request");
    assertRejected(record(request -> request.setSChurn(Float.NaN), 0), "unsupported_request");
    assertRejected(record(request -> request.setSNoise(-1), 0), "unsupported_request");
    assertRejected(record(request -> request.setGuidanceRescale(2), 0), "unsupported_request");
  }

  @Test
  void conditioningsThatDoNotFitTogetherAreRejected() {
    EmbeddingReady record = record(request -> {}, 0);

    assertRejected(record.toBuilder().removeConditionings(0).build(), "unsupported_request");
    assertRejected(record.toBuilder().removeConditionings(1).build(), "unsupported_request");
    assertRejected(
        record.toBuilder().addConditionings(record.getConditionings(1)).build(),
        "unsupported_request");
    // not in every step
    assertRejected(
        record.toBuilder()
            .setConditionings(0, record.getConditionings(0).toBuilder().addSteps(1))
            .build(),
        "unsupported_request");
    EmbeddingReady.Builder many = record.toBuilder();
    for (int i = 0; i < 8; i++) {
      many.addConditionings(record.getConditionings(0));
    }
    assertRejected(many.build(), "unsupported_request");
    assertRejected(
        record.toBuilder()
            .setConditionings(0, record.getConditionings(0).toBuilder().setWeight(Float.NaN))
            .build(),
        "unsupported_request");
  }

  /** One prompt in steps 0 and 2, another in 1 and 3. */
  private static EmbeddingReady.Builder twoThatTakeTurns() {
    EmbeddingReady.Builder record = record(request -> request.setSteps(4), 0).toBuilder();
    record.getConditioningsBuilder(0).addAllSteps(List.of(0, 2));
    return record.addConditionings(
        Starter.conditioning(
                Role.POSITIVE, new FloatTensor(new long[] {1, 1, 2}, new float[] {5, 6}))
            .toBuilder()
            .addAllSteps(List.of(1, 3)));
  }

  @Test
  void promptsThatChangeAreAskedInTheirStepsAndThoseOfAndTogether() {
    EmbeddingReady.Builder record = twoThatTakeTurns();
    record.addConditionings(
        Starter.conditioning(
                Role.POSITIVE, new FloatTensor(new long[] {1, 1, 2}, new float[] {7, 8}))
            .toBuilder()
            .setWeight(0.5f));

    TaskPlan plan = planner.plan(record.build(), MODEL);

    assertThat(plan.rows()).isEqualTo(3);
    for (int step = 0; step < 4; step++) {
      assertThat(plan.contexts(step).shape()).containsExactly(3, 4, 2);
      float[] changing = step % 2 == 0 ? new float[] {1, 2, 3, 4} : new float[] {5, 6, 0, 0};
      assertThat(plan.contexts(step).data()).startsWith(changing);
      assertThat(Arrays.copyOfRange(plan.contexts(step).data(), 8, 24))
          .containsExactly(7, 8, 0, 0, 0, 0, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0);
      assertThat(plan.stepRows().weightsAt(step)).containsExactly(1, 0.5f);
    }
  }

  @Test
  void aPartOfTheStepsIsRoundedToWholeOnes() {
    EmbeddingReady.Builder record = record(request -> request.setSteps(4), 0).toBuilder();
    record.getConditioningsBuilder(0).setEnd(0.3f);
    record.addConditionings(
        Starter.conditioning(
                Role.POSITIVE, new FloatTensor(new long[] {1, 1, 2}, new float[] {5, 6}))
            .toBuilder()
            .setStart(0.3f));

    TaskPlan plan = planner.plan(record.build(), MODEL);

    assertThat(plan.contexts(0).data()).startsWith(1, 2);
    assertThat(plan.contexts(1).data()).startsWith(5, 6);
    assertThat(plan.contexts(3).data()).startsWith(5, 6);
  }

  @Test
  void aPromptThatChangesGivesTheSamePictureFromAnyStepOn() {
    EmbeddingReady.Builder record = twoThatTakeTurns();
    TaskPlan plan = planner.plan(record.build(), MODEL);
    StepTask whole = StepTask.start(plan);
    float[] picture = Steps.all(whole, TaskPlannerTest::byContext).latents().data();

    StepTask begun = StepTask.start(plan);
    begun.advance(byContext(List.of(begun.call()), null).get(0));
    StepTask resumed = StepTask.resume(plan, begun.state());

    assertThat(Steps.all(resumed, TaskPlannerTest::byContext).latents().data()).isEqualTo(picture);
    assertThat(
            Steps.all(
                    StepTask.start(planner.plan(record(r -> r.setSteps(4), 0), MODEL)),
                    TaskPlannerTest::byContext)
                .latents()
                .data())
        .isNotEqualTo(picture);
  }

  /** A network whose answers depend on the context. */
  private static List<float[]> byContext(List<NetworkCall> calls, RunStop stop) {
    return calls.stream()
        .map(
            call -> {
              int elements = call.input().data().length;
              int context = call.contexts().data().length / call.rows();
              float[] answers = new float[call.rows() * elements];
              for (int i = 0; i < answers.length; i++) {
                float of = call.contexts().data()[i / elements * context];
                answers[i] = call.input().data()[i % elements] * 0.1f * of / (i % 7 + 1);
              }
              return answers;
            })
        .toList();
  }

  @Test
  void longTextsHaveTheRowsOfSeveralChunksWhereTheTextEncoderHasThem() {
    PoolModel model =
        model(
            new TextEncoder(
                "tokenizer.json",
                "text.onnx",
                "out",
                4,
                2,
                OptionalLong.of(0),
                true,
                List.of(),
                Optional.empty(),
                TextEncoder.Join.BESIDE),
            new UNet("unet/model.onnx", 4, 2));
    EmbeddingReady two = prompt(new long[] {1, 8, 2}, new float[16]);

    assertThat(planner.plan(two, model).contexts(0).shape()).containsExactly(2, 8, 2);
    assertRejected(two, "invalid_tensor");
    EmbeddingReady nine = prompt(new long[] {1, 9 * 4, 2}, new float[9 * 4 * 2]);
    assertThatThrownBy(() -> planner.plan(nine, model))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("invalid_tensor"));
  }

  @Test
  void embeddingsThatAreNotTheModelsAreRejected() {
    assertRejected(prompt(new long[] {1, 5, 2}, new float[10]), "invalid_tensor");
    assertRejected(prompt(new long[] {1, 0, 2}, new float[0]), "invalid_tensor");
    assertRejected(prompt(new long[] {1, 2, 3}, new float[6]), "invalid_tensor");
    assertRejected(prompt(new long[] {4}, new float[4]), "invalid_tensor");
    assertRejected(
        prompt(new long[] {1, 1, 2}, new float[] {0, Float.POSITIVE_INFINITY}), "invalid_tensor");
  }

  @Test
  void networksThatTakeTheWholeTextAndTheSizeGetThemForEachRow() {
    PoolModel model =
        model(
            new TextEncoder(
                "tokenizer.json",
                "text.onnx",
                "out",
                4,
                2,
                OptionalLong.empty(),
                false,
                List.of(),
                Optional.of(new TextEncoder.Pooled("pooled", 3)),
                TextEncoder.Join.BESIDE),
            new UNet("unet/model.onnx", 4, 2, 6, true, 0, false));
    EmbeddingReady.Builder record = record(request -> {}, 0).toBuilder();
    record.getConditioningsBuilder(0).setPooled(pooled(1, 2, 3));
    record.getConditioningsBuilder(1).setPooled(pooled(7, 8, 9));

    Map<String, FloatTensor> added =
        planner.plan(record.build(), model).added().orElseThrow().byInput();

    assertThat(added).containsOnlyKeys("text_embeds", "time_ids");
    assertThat(added.get("text_embeds").shape()).containsExactly(2, 3);
    assertThat(added.get("text_embeds").data()).containsExactly(1, 2, 3, 7, 8, 9);
    assertThat(added.get("time_ids").shape()).containsExactly(2, 6);
    assertThat(added.get("time_ids").data())
        .containsExactly(64, 96, 0, 0, 64, 96, 64, 96, 0, 0, 64, 96);

    record.getConditioningsBuilder(1).setPooled(pooled(7, 8));
    assertThatThrownBy(() -> planner.plan(record.build(), model))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("invalid_tensor"));
    assertThat(planner.plan(record(request -> {}, 0), MODEL).added()).isEmpty();
  }

  @Test
  void aNetworkThatIsToldItsGuidanceIsAskedOnlyWithThePrompt() {
    PoolModel model =
        model(
            new TextEncoder("tokenizer.json", "text.onnx", "out", 4, 2),
            new UNet("unet/model.onnx", 4, 2, 0, false, 4, false));
    EmbeddingReady record = record(request -> request.setGuidanceScale(1.25f), 0);

    TaskPlan plan = planner.plan(record, model);

    assertThat(plan.rows()).isEqualTo(1);
    FloatTensor guidance = plan.added(0).orElseThrow().byInput().get("timestep_cond");
    assertThat(guidance.shape()).containsExactly(1, 4);
    assertThat(guidance.data())
        .containsExactly(
            new float[] {
              (float) Math.sin(250), (float) Math.sin(0.025),
              (float) Math.cos(250), (float) Math.cos(0.025)
            },
            Offset.offset(1e-6f));
    // several prompts are still told from what is there without them
    EmbeddingReady.Builder two = record.toBuilder();
    two.addConditionings(two.getConditionings(0).toBuilder().setWeight(0.5f));
    assertThat(planner.plan(two.build(), model).added(0).orElseThrow().byInput())
        .extractingByKey("timestep_cond")
        .satisfies(rows -> assertThat(rows.shape()).containsExactly(3, 4));
  }

  @Test
  void aNetworkThatFillsInSeesTheMaskedPictureBehindTheLatents() {
    PoolModel model =
        model(
            new TextEncoder("tokenizer.json", "text.onnx", "out", 4, 2),
            new UNet("unet/model.onnx", 4, 2, 0, false, 0, true));
    EmbeddingReady.Builder record = record(request -> {}, 0).toBuilder();
    float[] masked = new float[5 * 8 * 12];
    for (int i = 0; i < masked.length; i++) {
      masked[i] = i;
    }
    record.setMaskedPicture(payload(new long[] {1, 5, 8, 12}, masked));

    TaskPlan plan = planner.plan(record.build(), model);
    FloatTensor input = StepTask.start(plan).call().input();

    assertThat(plan.shape()).containsExactly(1, 4, 8, 12);
    assertThat(input.shape()).containsExactly(1, 9, 8, 12);
    assertThat(input.data()).endsWith(masked).hasSize(9 * 8 * 12);
    for (EmbeddingReady wrong :
        List.of(
            record.clone().clearMaskedPicture().build(),
            record.clone().setMaskedPicture(payload(new long[] {1, 5, 12, 8}, masked)).build())) {
      assertThatThrownBy(() -> planner.plan(wrong, model))
          .isInstanceOfSatisfying(
              Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("invalid_tensor"));
    }
    assertRejected(record.build(), "unsupported_request");
  }

  private static Payload payload(long[] shape, float[] values) {
    return Payload.newBuilder()
        .setInline(TensorRecords.toFloat32(new FloatTensor(shape, values)))
        .build();
  }

  private static Payload pooled(float... values) {
    return payload(new long[] {1, values.length}, values);
  }

  private void assertRejected(EmbeddingReady record, String code) {
    assertThatThrownBy(() -> planner.plan(record, MODEL))
        .isInstanceOfSatisfying(Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private static EmbeddingReady prompt(long[] shape, float[] values) {
    return record(request -> {}, 0).toBuilder()
        .setConditionings(0, Starter.conditioning(Role.POSITIVE, new FloatTensor(shape, values)))
        .build();
  }

  private static EmbeddingReady record(Consumer<GenerationRequest.Builder> change, int index) {
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
            .setCount(1);
    change.accept(request);
    return EmbeddingReady.newBuilder()
        .setRequest(request)
        .setImageIndex(index)
        .addConditionings(
            Starter.conditioning(
                Role.POSITIVE, new FloatTensor(new long[] {1, 2, 2}, new float[] {1, 2, 3, 4})))
        .addConditionings(
            Starter.conditioning(
                Role.NEGATIVE, new FloatTensor(new long[] {1, 1, 2}, new float[] {9, 9})))
        .build();
  }
}
