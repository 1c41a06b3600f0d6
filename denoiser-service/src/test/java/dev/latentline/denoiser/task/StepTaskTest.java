package dev.latentline.denoiser.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.denoiser.sample.Samplers;
import dev.latentline.denoiser.schedule.Configs;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StepTaskTest {
  private static final TrainedNoise NOISE = TrainedNoise.of(Configs.starter());
  private final RunStop stop = new RunStop();

  @ParameterizedTest
  @EnumSource(Sampler.class)
  void goesOnFromAnyStoredStateAsIfNothingHadHappened(Sampler sampler) {
    TaskPlan plan = plan(sampler, 7);
    List<SamplerState> states = new ArrayList<>();
    StepTask whole = StepTask.start(plan, StepTaskTest::network);
    while (!whole.done()) {
      states.add(whole.state());
      whole.step(stop);
    }

    for (SamplerState state : states) {
      StepTask resumed = StepTask.resume(plan, StepTaskTest::network, state);
      while (!resumed.done()) {
        resumed.step(stop);
      }
      assertThat(resumed.latents().data()).isEqualTo(whole.latents().data());
    }
  }

  @Test
  void anotherSeedGivesAnotherPicture() {
    assertThat(finished(plan(Sampler.DDIM, 7))).isNotEqualTo(finished(plan(Sampler.DDIM, 8)));
  }

  @Test
  void aFailedStepLeavesTheStateAsItWas() {
    StepTask task =
        StepTask.start(
            plan(Sampler.EULER, 7),
            (input, timestep, contexts, ended) -> {
              throw new IllegalStateException("no network");
            });
    SamplerState before = task.state();

    assertThatThrownBy(() -> task.step(stop)).hasMessage("no network");

    assertThat(task.state()).isSameAs(before);
    assertThatThrownBy(task::latents).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void numbersThatOverflowAreRejected() {
    StepTask task =
        StepTask.start(
            plan(Sampler.EULER, 7),
            (input, timestep, contexts, ended) -> {
              float[] answer = network(input, timestep, contexts, ended).data().clone();
              answer[3] = Float.NaN;
              return new FloatTensor(new long[] {2, 4, 2, 2}, answer);
            });

    assertThatThrownBy(() -> task.step(stop))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("not_finite"));
  }

  @Test
  void aStateOfAnotherPlanIsRefused() {
    assertThatThrownBy(
            () ->
                StepTask.resume(
                    plan(Sampler.EULER, 7),
                    StepTaskTest::network,
                    SamplerState.initial(new float[3])))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theLoopEndsWhenNobodyWantsThePictureAnyMore() {
    List<Integer> stepped = new ArrayList<>();
    StepTask task = StepTask.start(plan(Sampler.DDIM, 7), StepTaskTest::network);

    boolean done = new StepLoop(() -> stepped.size() == 2, stepped::add).run(task, stop);

    assertThat(done).isFalse();
    assertThat(stepped).containsExactly(1, 2);
  }

  @Test
  void theLoopEndsWhenTheLeaseIsLost() {
    StepTask task = StepTask.start(plan(Sampler.DDIM, 7), StepTaskTest::network);

    boolean done = new StepLoop(() -> false, step -> stop.stop()).run(task, stop);

    assertThat(done).isFalse();
    assertThat(task.state().step()).isEqualTo(1);
  }

  @Test
  void theLoopTellsEveryStep() {
    List<Integer> stepped = new ArrayList<>();
    StepTask task = StepTask.start(plan(Sampler.DPMPP_2M, 7), StepTaskTest::network);

    assertThat(new StepLoop(() -> false, stepped::add).run(task, stop)).isTrue();

    assertThat(stepped).containsExactly(1, 2, 3, 4, 5);
  }

  private float[] finished(TaskPlan plan) {
    StepTask task = StepTask.start(plan, StepTaskTest::network);
    assertThat(new StepLoop(() -> false, step -> {}).run(task, stop)).isTrue();
    return task.latents().data();
  }

  private static TaskPlan plan(Sampler sampler, long seed) {
    return new TaskPlan(
        new ImageTask("gen_1", 0),
        seed,
        new long[] {1, 4, 2, 2},
        new FloatTensor(new long[] {2, 3, 2}, new float[12]),
        3,
        Configs.starter().predictionType(),
        Samplers.of(sampler, OptionalDouble.of(5)),
        Schedules.of(Schedule.NORMAL, NOISE, 5));
  }

  private static FloatTensor network(
      FloatTensor input, double timestep, FloatTensor contexts, RunStop stop) {
    float[] answer = new float[2 * input.data().length];
    for (int i = 0; i < answer.length; i++) {
      double x = input.data()[i % input.data().length];
      answer[i] = (float) Math.sin(x + timestep / 300 + i / 16);
    }
    return new FloatTensor(new long[] {2, 4, 2, 2}, answer);
  }
}
