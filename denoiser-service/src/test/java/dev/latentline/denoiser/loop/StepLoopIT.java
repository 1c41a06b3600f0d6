package dev.latentline.denoiser.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Sampler;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.network.NoisePredictor;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.resume.MapStore;
import dev.latentline.denoiser.resume.StepRecords;
import dev.latentline.denoiser.resume.StepSnapshot;
import dev.latentline.denoiser.task.Starter;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.Steps;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.Refiner;
import dev.latentline.proto.v1.Role;
import dev.latentline.testkit.Patience;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The loop with the starter's network: what a picture is does not depend on how it was made. */
@Timeout(Patience.TEST_SECONDS)
class StepLoopIT {
  private static final TaskPlanner PLANNER =
      new TaskPlanner((tenant, payload) -> payload.getInline());

  /** Of one and of two calls in a step, with history and without, with noise and without. */
  private static final List<Sampler> MIXED =
      List.of(
          Sampler.EULER_ANCESTRAL,
          Sampler.DPMPP_2M,
          Sampler.DPMPP_SDE,
          Sampler.HEUN,
          Sampler.UNIPC,
          Sampler.DPMPP_2M_SDE);

  /** Whose prompt changes halfway. */
  private static final int CHANGES = 2;

  private static PoolModels models;
  private static PoolModel starter;
  private static HeldNetwork starters;
  private static EmbeddingReady apple;

  private final ExecutorService workers = Executors.newCachedThreadPool();

  @BeforeAll
  static void load() {
    models = Starter.models();
    apple = Starter.apple(Starter.request().build());
    starter = models.require(apple.getRequest().getModel());
    starters = models.network(starter);
  }

  @AfterAll
  static void close() {
    starters.close();
    models.close();
  }

  /**
   * Pictures of every sampler side by side, each interrupted at random: stopped in the middle of a
   * step, handed over, or lost with what was not yet recorded. Whoever goes on reads the record.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aPictureIsTheSameWhateverHappenedMeanwhile(long seed) {
    Random random = new Random(seed);
    List<TaskPlan> plans = new ArrayList<>();
    for (Sampler sampler : Sampler.values()) {
      for (float guidance : new float[] {1, 3}) {
        plans.add(plan(sampler, 3 + random.nextInt(7), guidance, random.nextInt(1000)));
      }
    }
    StepRecords records = new StepRecords(new MapStore());
    AtomicInteger interruptions = new AtomicInteger();
    List<CompletableFuture<StepTask>> made = new ArrayList<>();
    try (StepLoop loop = new StepLoop(new TurnScheduler(BatchSizes.none()), 4)) {
      for (TaskPlan plan : plans) {
        long own = random.nextLong();
        made.add(
            CompletableFuture.supplyAsync(
                () -> untilItIsDone(loop, plan, records, new Random(own), interruptions), workers));
      }
      for (int i = 0; i < plans.size(); i++) {
        StepTask alone = Steps.all(StepTask.start(plans.get(i)), starters.network());
        assertThat(made.get(i).join().latents().data())
            .as("plan %d", i)
            .isEqualTo(alone.latents().data());
      }
    }
    assertThat(interruptions.get()).isGreaterThan(plans.size());
  }

  private static StepTask untilItIsDone(
      StepLoop loop,
      TaskPlan plan,
      StepRecords records,
      Random random,
      AtomicInteger interruptions) {
    StepTask task = StepTask.start(plan);
    for (int attempt = 1; ; attempt++) {
      StepTask now = task;
      int endAfter = attempt > 4 ? Integer.MAX_VALUE : 1 + random.nextInt(3);
      boolean inTheMiddle = random.nextBoolean();
      RunStop stop = new RunStop();
      AtomicInteger steps = new AtomicInteger();
      StepLoop.End end =
          loop.run(
              new StepLoop.Work(
                  plan.task().key(),
                  now,
                  (calls, by) -> {
                    if (inTheMiddle && steps.get() == endAfter) {
                      stop.stop();
                    }
                    return starters.network().predict(calls, by);
                  },
                  plan.seed(),
                  false,
                  stop,
                  () -> !inTheMiddle && steps.get() == endAfter,
                  action -> {},
                  new StepLoop.Watcher() {
                    @Override
                    public void stepped(Duration took) {
                      steps.incrementAndGet();
                      // behind by a step now and then, as a record that was under way
                      if (random.nextInt(3) > 0) {
                        records.write(snapshot(plan, now));
                      }
                    }

                    @Override
                    public void goesOn(Duration allowance) {}
                  }));
      if (end == StepLoop.End.DONE) {
        return now;
      }
      interruptions.incrementAndGet();
      task =
          records
              .read("acme", plan.task())
              .map(found -> StepTask.resume(plan, found.state()))
              .orElseGet(() -> StepTask.start(plan));
    }
  }

  private static StepSnapshot snapshot(TaskPlan plan, StepTask task) {
    return new StepSnapshot(
        "acme",
        plan.task(),
        starter.card().digest(),
        List.of(),
        Refiner.getDefaultInstance(),
        models.runtimeClass(plan.rows(), plan.deterministic()),
        plan.shape(),
        1,
        task.state());
  }

  /**
   * As on a GPU: rows of several pictures in one call, filled up to a fixed size. Each picture has
   * a sampler, a number of steps and guidance of its own, and one a prompt that changes.
   */
  @Test
  void picturesThatShareCallsAreNearlyAsIfAlone() {
    BatchSizes sizes = BatchSizes.of(List.of(4, 8));
    try (PoolModels batching =
            new PoolModels(Starter.catalogue(), "default", SessionSettings.cpu(1), sizes);
        HeldNetwork shared = batching.network(batching.require(apple.getRequest().getModel()));
        StepLoop loop = new StepLoop(new TurnScheduler(sizes), 8)) {
      List<TaskPlan> plans = IntStream.range(0, 5).mapToObj(i -> mixed(i, false)).toList();
      Spy network = new Spy(shared.network(), () -> loop.held() == plans.size());
      List<CompletableFuture<StepTask>> made = makeAll(loop, plans, network);
      for (int i = 0; i < plans.size(); i++) {
        float[] alone =
            Steps.all(StepTask.start(plans.get(i)), starters.network()).latents().data();
        float[] together = made.get(i).join().latents().data();
        assertThat(relative(together, alone)).as("plan %d", i).isLessThan(1e-4);
      }
      assertThat(network.pictures).as("pictures in a call").contains(plans.size());
      assertThat(network.mostTimesteps).hasValueGreaterThan(1);
    }
  }

  /** As on a GPU again: in one size of batch the bits do not depend on who shares it. */
  @Test
  void picturesOfAFixedBatchAreAsIfAlone() {
    BatchSizes sizes = BatchSizes.of(List.of(2, 8));
    try (PoolModels batching =
            new PoolModels(Starter.catalogue(), "default", SessionSettings.cpu(1), sizes);
        HeldNetwork shared = batching.network(batching.require(apple.getRequest().getModel()));
        StepLoop loop = new StepLoop(new TurnScheduler(sizes), 8)) {
      List<TaskPlan> plans = IntStream.range(0, 6).mapToObj(i -> mixed(i, i != 3)).toList();
      Spy network = new Spy(shared.network(), () -> loop.held() == plans.size());
      List<CompletableFuture<StepTask>> made = makeAll(loop, plans, network);
      for (int i = 0; i < plans.size(); i++) {
        float[] beside = made.get(i).join().latents().data();
        if (plans.get(i).deterministic()) {
          StepTask alone = Steps.all(StepTask.start(plans.get(i)), shared.network());
          assertThat(beside).as("plan %d", i).isEqualTo(alone.latents().data());
        }
      }
      assertThat(network.pictures).as("pictures in a call").contains(5);
      assertThat(network.mostTimesteps).hasValueGreaterThan(1);
      assertThat(batching.runtimeClass(2, true).getBatch()).isEqualTo(8);
      assertThat(batching.runtimeClass(2, false).getBatch()).as("differs").isZero();
    }
  }

  /** What makes it worth to look at the picture whose prompt changes. */
  @Test
  void aPromptThatChangesMakesAnotherPicture() {
    TaskPlan changes = mixed(CHANGES, false);
    TaskPlan stays = plan(MIXED.get(CHANGES), 4 + CHANGES, 3, CHANGES);

    assertThat(changes.contexts(0).data()).isEqualTo(stays.contexts(0).data());
    assertThat(Steps.all(StepTask.start(changes), starters.network()).latents().data())
        .isNotEqualTo(Steps.all(StepTask.start(stays), starters.network()).latents().data());
  }

  /** Sees the calls of a network; the first one waits until all tasks are there. */
  private static final class Spy implements NoisePredictor {
    final List<Integer> pictures = new CopyOnWriteArrayList<>();
    final AtomicInteger mostTimesteps = new AtomicInteger();
    private final NoisePredictor network;
    private final Callable<Boolean> allAreThere;

    Spy(NoisePredictor network, Callable<Boolean> allAreThere) {
      this.network = network;
      this.allAreThere = allAreThere;
    }

    @Override
    public List<float[]> predict(List<NetworkCall> calls, RunStop stop) {
      if (pictures.isEmpty()) {
        await().atMost(Patience.SOON).until(allAreThere);
      }
      assertThat(calls).extracting(NetworkCall::fixedBatch).containsOnly(calls.get(0).fixedBatch());
      pictures.add(calls.size());
      int timesteps = (int) calls.stream().mapToDouble(NetworkCall::timestep).distinct().count();
      mostTimesteps.accumulateAndGet(timesteps, Math::max);
      return network.predict(calls, stop);
    }
  }

  private List<CompletableFuture<StepTask>> makeAll(
      StepLoop loop, List<TaskPlan> plans, NoisePredictor network) {
    return plans.stream()
        .map(plan -> CompletableFuture.supplyAsync(() -> made(loop, plan, network), workers))
        .toList();
  }

  /** One of several pictures that have nothing in common but model and size. */
  private static TaskPlan mixed(int i, boolean deterministic) {
    int steps = 4 + i;
    EmbeddingReady.Builder record =
        record(MIXED.get(i), steps, i % 2 == 0 ? 3 : 1, i, deterministic).toBuilder();
    if (i == CHANGES) {
      // [a red apple::0.5]
      record.getConditioningsBuilder(0).addAllSteps(range(0, steps / 2));
      record.addConditionings(
          apple.getConditionings(1).toBuilder()
              .setRole(Role.POSITIVE)
              .addAllSteps(range(steps / 2, steps)));
    }
    return PLANNER.plan(record.build(), starter);
  }

  private static List<Integer> range(int from, int to) {
    return IntStream.range(from, to).boxed().toList();
  }

  private static StepTask made(StepLoop loop, TaskPlan plan, NoisePredictor network) {
    StepTask task = StepTask.start(plan);
    // handed on now and then, and back at once: there is no other replica
    StepLoop.End end = StepLoop.End.HANDED_OVER;
    while (end == StepLoop.End.HANDED_OVER) {
      end = loop.run(new Tasks.WorkBuilder(task, network).build());
    }
    assertThat(end).isEqualTo(StepLoop.End.DONE);
    return task;
  }

  private static double relative(float[] other, float[] reference) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < reference.length; i++) {
      difference += Math.pow(other[i] - reference[i], 2);
      size += Math.pow(reference[i], 2);
    }
    return Math.sqrt(difference / size);
  }

  private static TaskPlan plan(Sampler sampler, int steps, float guidance, int seed) {
    EmbeddingReady record = record(sampler, steps, guidance, seed, false);
    TaskPlan plan = PLANNER.plan(record, starter);
    assertThat(plan.task()).isEqualTo(new ImageTask(record.getRequest().getGenerationId(), 0));
    return plan;
  }

  private static EmbeddingReady record(
      Sampler sampler, int steps, float guidance, int seed, boolean deterministic) {
    return apple.toBuilder()
        .setRequest(
            apple.getRequest().toBuilder()
                .setGenerationId(
                    String.format("gen_%032x", 1000L * sampler.ordinal() + 100 * steps + seed))
                .setSampler(sampler.id())
                .setSteps(steps)
                .setGuidanceScale(guidance)
                .setSeed(seed)
                .setDeterministic(deterministic))
        .build();
  }
}
