package dev.latentline.denoiser.task;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.testkit.Patience;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Denoises with the starter's real network. */
@Timeout(Patience.TEST_SECONDS)
class StepTaskIT {
  private static final TaskPlanner PLANNER =
      new TaskPlanner((tenant, payload) -> payload.getInline());
  private static PoolModels models;
  private static EmbeddingReady apple;
  private static PoolModel starter;
  private static HeldNetwork network;
  private static float[] reference;

  @BeforeAll
  static void load() {
    models = Starter.models();
    apple = Starter.apple(Starter.request().build());
    starter = models.require(apple.getRequest().getModel());
    network = models.network(starter);
    reference = denoise(with(Sampler.DDIM, Schedule.NORMAL, 60)).data();
  }

  @AfterAll
  static void close() {
    network.close();
    models.close();
  }

  @Test
  void theSameSeedGivesTheSameBytes() {
    float[] first = denoise(apple).data();
    float[] second = denoise(apple).data();

    assertThat(second).isEqualTo(first);
  }

  @Test
  void anotherSeedGivesAnotherPicture() {
    EmbeddingReady other =
        apple.toBuilder().setRequest(apple.getRequest().toBuilder().setSeed(8)).build();

    assertThat(denoise(other).data()).isNotEqualTo(denoise(apple).data());
  }

  @Test
  void thePictureAtAnIndexCanBeMadeAloneFromItsOwnSeed() {
    EmbeddingReady fourth =
        apple.toBuilder()
            .setRequest(apple.getRequest().toBuilder().setCount(4))
            .setImageIndex(3)
            .build();
    EmbeddingReady alone =
        apple.toBuilder().setRequest(apple.getRequest().toBuilder().setSeed(10)).build();

    assertThat(denoise(fourth).data()).isEqualTo(denoise(alone).data());
  }

  @ParameterizedTest
  @EnumSource(Sampler.class)
  void stepsFromStoredStatesGiveTheSameBytes(Sampler sampler) {
    TaskPlan plan = plan(with(sampler, Schedule.NORMAL, 4));
    StepTask whole = StepTask.start(plan);
    SamplerState stored = copy(whole.state());

    while (!whole.done()) {
      Steps.one(whole, network.network());
      StepTask resumed = StepTask.resume(plan, stored);
      Steps.one(resumed, network.network());
      stored = copy(resumed.state());
      assertThat(stored.latents()).isEqualTo(whole.state().latents());
    }
  }

  /** All samplers solve for the same picture, so their latents are near each other. */
  @ParameterizedTest
  @EnumSource(
      value = Sampler.class,
      names = {"EULER", "HEUN", "DPM2", "DPMPP_2M", "UNIPC", "DEIS", "LMS", "PNDM"})
  void samplersWithoutNoiseAgree(Sampler sampler) {
    assertNear(with(sampler, Schedule.NORMAL, 25));
  }

  /**
   * All but beta, whose levels are even in sigma: of the starter's, which reach 157, hardly one is
   * where the picture is decided.
   */
  @ParameterizedTest
  @EnumSource(value = Schedule.class, mode = EnumSource.Mode.EXCLUDE, names = "BETA")
  void schedulesAgree(Schedule schedule) {
    assertNear(with(Sampler.DPMPP_2M, schedule, 25));
  }

  private void assertNear(EmbeddingReady record) {
    float[] other = denoise(record).data();
    double difference = 0;
    double size = 0;
    for (int i = 0; i < other.length; i++) {
      difference += Math.pow(other[i] - reference[i], 2);
      size += Math.pow(reference[i], 2);
    }
    assertThat(Math.sqrt(difference / size)).isLessThan(0.3);
  }

  @Test
  void atScaleOneOnlyThePromptIsAsked() {
    GenerationRequest request = apple.getRequest().toBuilder().setGuidanceScale(1).build();
    TaskPlan plan = plan(apple.toBuilder().setRequest(request).build());

    assertThat(plan.rows()).isEqualTo(1);
    assertThat(denoise(apple.toBuilder().setRequest(request).build()).shape())
        .containsExactly(1, 4, 16, 16);
  }

  @Test
  void otherSizesRun() {
    GenerationRequest request =
        apple.getRequest().toBuilder().setWidth(256).setHeight(64).setSteps(2).build();

    FloatTensor latents = denoise(apple.toBuilder().setRequest(request).build());

    assertThat(latents.shape()).containsExactly(1, 4, 8, 32);
  }

  private static FloatTensor denoise(EmbeddingReady record) {
    return Steps.all(StepTask.start(plan(record)), network.network()).latents();
  }

  private static TaskPlan plan(EmbeddingReady record) {
    return PLANNER.plan(record, starter);
  }

  private static EmbeddingReady with(Sampler sampler, Schedule schedule, int steps) {
    GenerationRequest request =
        apple.getRequest().toBuilder()
            .setSampler(sampler.id())
            .setSchedule(schedule.id())
            .setSteps(steps)
            .build();
    return apple.toBuilder().setRequest(request).build();
  }

  private static SamplerState copy(SamplerState state) {
    return new SamplerState(
        state.step(),
        state.call(),
        state.latents().clone(),
        state.history().stream().map(float[]::clone).toList(),
        state.draws());
  }
}
