package dev.latentline.denoiser.loop;

import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.guide.Guidance;
import dev.latentline.denoiser.guide.StepRows;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.network.NoisePredictor;
import dev.latentline.denoiser.sample.SamplerOptions;
import dev.latentline.denoiser.sample.Samplers;
import dev.latentline.denoiser.schedule.Configs;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.denoiser.task.Refinement;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.FloatTensor;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Small tasks, and work at them. */
public final class Tasks {
  private static final TrainedNoise NOISE = TrainedNoise.of(Configs.starter());

  private Tasks() {}

  /** Of 2 x 2 latents. */
  public static StepTask task(long seed, int steps) {
    return StepTask.start(plan(seed, steps));
  }

  public static TaskPlan plan(long seed, int steps) {
    return new TaskPlan(
        new ImageTask("gen_1", (int) seed),
        seed,
        Rng.NV,
        new long[] {1, 4, 2, 2},
        new FloatTensor(new long[] {2, 3, 2}, new float[12]),
        StepRows.all(2),
        new Guidance(3, 0),
        Configs.starter().predictionType(),
        Samplers.of(Sampler.EULER_ANCESTRAL, SamplerOptions.defaults(Sampler.EULER_ANCESTRAL)),
        Schedules.of(Sampler.EULER_ANCESTRAL, Schedule.NORMAL, NOISE, steps),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        false,
        Optional.empty());
  }

  /** The same, whose last steps are another network's. */
  public static StepTask refined(long seed, int steps, int from) {
    TaskPlan plan = plan(seed, steps);
    return StepTask.start(
        refined(plan, new Refinement(from, plan.contexts(), plan.predicts(), Optional.empty())));
  }

  /** A plan whose last steps are another network's. */
  public static TaskPlan refined(TaskPlan plan, Refinement refinement) {
    return new TaskPlan(
        plan.task(),
        plan.seed(),
        plan.rng(),
        plan.shape(),
        plan.contexts(),
        plan.stepRows(),
        plan.guidance(),
        plan.predicts(),
        plan.sampler(),
        plan.sigmas(),
        plan.added(),
        plan.masked(),
        plan.steerings(),
        plan.deterministic(),
        Optional.of(refinement));
  }

  /** A network without weights: its answers depend on what is asked alone. */
  public static List<float[]> network(List<NetworkCall> calls, RunStop stop) {
    return calls.stream().map(Tasks::answer).toList();
  }

  private static float[] answer(NetworkCall call) {
    float[] input = call.input().data();
    float[] answer = new float[2 * input.length];
    for (int i = 0; i < answer.length; i++) {
      answer[i] = (float) Math.sin(input[i % input.length] + call.timestep() / 300 + i / 16);
    }
    return answer;
  }

  /** A loop whose steps hang after the twentieth part of a second. */
  public static StepLoop impatientLoop() {
    Duration allowance = Duration.ofMillis(50);
    return new StepLoop(
        new TurnScheduler(BatchSizes.none()), 8, new StepTimes(allowance, allowance));
  }

  /** Work that nobody ends. */
  public static StepLoop.Work work(StepTask task, NoisePredictor network) {
    return new WorkBuilder(task, network).build();
  }

  /** Work whose parts tests replace. */
  static final class WorkBuilder {
    private final StepTask task;
    private final NoisePredictor network;
    private boolean alone;
    private RunStop stop = new RunStop();
    private BooleanSupplier unwanted = () -> false;
    private Consumer<Runnable> onEnding = action -> {};
    private Runnable stepped = () -> {};
    private Consumer<Duration> allowed = allowance -> {};

    WorkBuilder(StepTask task, NoisePredictor network) {
      this.task = task;
      this.network = network;
    }

    WorkBuilder alone() {
      alone = true;
      return this;
    }

    WorkBuilder stop(RunStop by) {
      stop = by;
      return this;
    }

    WorkBuilder unwanted(BooleanSupplier when) {
      unwanted = when;
      return this;
    }

    WorkBuilder onEnding(Consumer<Runnable> takes) {
      onEnding = takes;
      return this;
    }

    WorkBuilder stepped(Runnable action) {
      stepped = action;
      return this;
    }

    WorkBuilder allowed(Consumer<Duration> action) {
      allowed = action;
      return this;
    }

    StepLoop.Work build() {
      Runnable afterStep = stepped;
      Consumer<Duration> told = allowed;
      return new StepLoop.Work(
          task.plan().task().key(),
          task,
          network,
          task.plan().seed(),
          alone,
          stop,
          unwanted,
          onEnding,
          new StepLoop.Watcher() {
            @Override
            public void stepped(Duration took) {
              afterStep.run();
            }

            @Override
            public void goesOn(Duration allowance) {
              told.accept(allowance);
            }
          });
    }
  }
}
