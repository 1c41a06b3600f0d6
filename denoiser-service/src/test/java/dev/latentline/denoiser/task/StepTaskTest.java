package dev.latentline.denoiser.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.guide.Guidance;
import dev.latentline.denoiser.guide.StepRows;
import dev.latentline.denoiser.loop.Tasks;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.sample.SamplerOptions;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.denoiser.sample.Samplers;
import dev.latentline.denoiser.schedule.Configs;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StepTaskTest {
  private static final TrainedNoise NOISE = TrainedNoise.of(Configs.starter());

  @ParameterizedTest
  @EnumSource(Sampler.class)
  void goesOnFromAnyStoredStateAsIfNothingHadHappened(Sampler sampler) {
    TaskPlan plan = plan(sampler, 7);
    List<SamplerState> states = new ArrayList<>();
    StepTask whole = StepTask.start(plan);
    while (!whole.done()) {
      states.add(whole.state());
      Steps.one(whole, StepTaskTest::network);
    }

    for (SamplerState state : states) {
      StepTask resumed = Steps.all(StepTask.resume(plan, state), StepTaskTest::network);
      assertThat(resumed.latents().data()).isEqualTo(whole.latents().data());
    }
  }

  @ParameterizedTest
  @EnumSource(Sampler.class)
  void behindAHandOverTheOtherNetworkIsAskedAndNothingIsRemembered(Sampler sampler) {
    TaskPlan plan = refined(plan(sampler, 7), 2);
    StepTask whole = StepTask.start(plan);
    List<SamplerState> states = new ArrayList<>();
    while (!whole.done()) {
      boolean begins = whole.state().step() == 2 && whole.state().call() == 0;
      assertThat(whole.refines()).isEqualTo(whole.state().step() >= 2);
      assertThat(whole.call().contexts().shape())
          .containsExactly(2, whole.refines() ? 5 : 3, whole.refines() ? 4 : 2);
      assertThat(begins && !whole.state().history().isEmpty()).isFalse();
      states.add(whole.state());
      Steps.one(whole, StepTaskTest::network);
    }

    // it goes on from any state on either side, the one between them included
    for (SamplerState state : states) {
      StepTask resumed = Steps.all(StepTask.resume(plan, state), StepTaskTest::network);
      assertThat(resumed.latents().data()).isEqualTo(whole.latents().data());
    }
  }

  @ParameterizedTest
  @EnumSource(Sampler.class)
  void aNetworkThatMakesAllStepsIsAskedAsIfItWereTheOnlyOne(Sampler sampler) {
    TaskPlan plain = plan(sampler, 7);

    assertThat(finished(refined(plain, 0))).isEqualTo(finished(plain));
    assertThat(finished(refined(plain, 5))).isEqualTo(finished(plain));
  }

  private static TaskPlan refined(TaskPlan plan, int from) {
    return Tasks.refined(
        plan,
        new Refinement(
            from,
            new FloatTensor(new long[] {2, 5, 4}, new float[40]),
            plan.predicts(),
            Optional.empty()));
  }

  @Test
  void whatTheNewestStepSawIsTheFinishedPictureInTheEnd() {
    StepTask task = StepTask.start(plan(Sampler.EULER, 7));
    assertThat(task.denoised()).isEmpty();

    Steps.one(task, StepTaskTest::network);
    assertThat(task.denoised().orElseThrow()).isNotEqualTo(task.state().latents());

    Steps.all(task, StepTaskTest::network);
    assertThat(task.denoised()).contains(task.latents().data());
  }

  @Test
  void anotherSeedGivesAnotherPicture() {
    assertThat(finished(plan(Sampler.DDIM, 7))).isNotEqualTo(finished(plan(Sampler.DDIM, 8)));
  }

  @Test
  void numbersThatOverflowAreRejectedAndLeaveTheStateAsItWas() {
    StepTask task = StepTask.start(plan(Sampler.EULER, 7));
    SamplerState before = task.state();
    float[] answer = answer(task.call()).clone();
    answer[3] = Float.NaN;

    assertThatThrownBy(() -> task.advance(answer))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("not_finite"));
    assertThat(task.state()).isSameAs(before);
    assertThatThrownBy(task::latents).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aStateOfAnotherPlanIsRefused() {
    assertThatThrownBy(
            () -> StepTask.resume(plan(Sampler.EULER, 7), SamplerState.initial(new float[3])))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private float[] finished(TaskPlan plan) {
    return Steps.all(StepTask.start(plan), StepTaskTest::network).latents().data();
  }

  private static TaskPlan plan(Sampler sampler, long seed) {
    return new TaskPlan(
        new ImageTask("gen_1", 0),
        seed,
        Rng.NV,
        new long[] {1, 4, 2, 2},
        new FloatTensor(new long[] {2, 3, 2}, new float[12]),
        StepRows.all(2),
        new Guidance(3, 0),
        Configs.starter().predictionType(),
        Samplers.of(sampler, SamplerOptions.defaults(sampler).withRange(OptionalDouble.of(5))),
        Schedules.of(sampler, Schedule.NORMAL, NOISE, 5),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        false,
        Optional.empty());
  }

  private static List<float[]> network(List<NetworkCall> calls, RunStop stop) {
    return calls.stream().map(StepTaskTest::answer).toList();
  }

  private static float[] answer(NetworkCall call) {
    float[] input = call.input().data();
    float[] answer = new float[2 * input.length];
    for (int i = 0; i < answer.length; i++) {
      answer[i] = (float) Math.sin(input[i % input.length] + call.timestep() / 300 + i / 16);
    }
    return answer;
  }
}
