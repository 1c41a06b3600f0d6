package dev.latentline.denoiser.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.latentline.denoiser.loop.StepLoop.End;
import dev.latentline.denoiser.loop.Tasks.WorkBuilder;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.network.NoisePredictor;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.Steps;
import dev.latentline.inference.session.OutOfDeviceMemoryException;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.testkit.Patience;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The loop with a network that steps when the test lets it. */
@Timeout(Patience.TEST_SECONDS)
class StepLoopTest {
  private final ExecutorService workers = Executors.newCachedThreadPool();
  private final Gated network = new Gated();
  private StepLoop loop = new StepLoop(new TurnScheduler(BatchSizes.none()), 8);

  /** Says what it was asked, and answers as often as it is let. */
  private static final class Gated implements NoisePredictor {
    final Semaphore answers = new Semaphore(0);
    final Semaphore asked = new Semaphore(0);
    final List<Integer> batches = new CopyOnWriteArrayList<>();

    @Override
    public List<float[]> predict(List<NetworkCall> calls, RunStop stop) {
      batches.add(calls.size());
      asked.release();
      answers.acquireUninterruptibly();
      return Tasks.network(calls, stop);
    }
  }

  @AfterEach
  void end() {
    network.answers.release(10_000);
    loop.close();
    workers.shutdown();
  }

  @Test
  void aTaskRunsToItsEndAsIfItWereAlone() {
    network.answers.release(10_000);
    List<StepTask> tasks = new ArrayList<>();
    List<CompletableFuture<End>> ends = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      StepTask task = Tasks.task(i, 5 + 3 * i);
      tasks.add(task);
      ends.add(run(new WorkBuilder(task, network)));
    }

    for (int i = 0; i < 5; i++) {
      assertThat(ends.get(i).join()).isEqualTo(End.DONE);
      StepTask alone = Steps.all(Tasks.task(i, 5 + 3 * i), Tasks::network);
      assertThat(tasks.get(i).latents().data()).isEqualTo(alone.latents().data());
    }
  }

  @Test
  void aTaskLeavesWhereAnotherNetworkGoesOnAndComesAgainWithThat() {
    network.answers.release(10_000);
    StepTask task = Tasks.refined(1, 9, 6);
    Gated refiner = new Gated();
    refiner.answers.release(10_000);

    assertThat(run(new WorkBuilder(task, network)).join()).isEqualTo(End.DONE);
    assertThat(task.state().step()).isEqualTo(6);
    assertThat(run(new WorkBuilder(task, refiner)).join()).isEqualTo(End.DONE);

    assertThat(task.done()).isTrue();
    assertThat(network.batches).hasSize(6);
    assertThat(refiner.batches).hasSize(3);
    StepTask alone = Steps.all(Tasks.refined(1, 9, 6), Tasks::network);
    assertThat(task.latents().data()).isEqualTo(alone.latents().data());
  }

  @Test
  void aShortTaskOvertakesALongOneBetweenTwoSteps() throws Exception {
    StepTask longer = Tasks.task(1, 50);
    final CompletableFuture<End> first = run(new WorkBuilder(longer, network));
    network.asked.acquire();
    StepTask shorter = Tasks.task(2, 3);
    CompletableFuture<End> second = run(new WorkBuilder(shorter, network));
    awaitHeld(2);

    network.answers.release(4);

    assertThat(second.join()).isEqualTo(End.DONE);
    assertThat(longer.state().step()).isEqualTo(1);
    assertThat(first).isNotDone();
  }

  @Test
  void whatNobodyWantsLeavesBetweenTwoStepsAndTheOthersStay() throws Exception {
    AtomicInteger steps = new AtomicInteger();
    StepTask unwanted = Tasks.task(1, 4);
    CompletableFuture<End> ended =
        run(
            new WorkBuilder(unwanted, network)
                .stepped(steps::incrementAndGet)
                .unwanted(() -> steps.get() == 2));
    StepTask other = Tasks.task(2, 5);
    CompletableFuture<End> done = run(new WorkBuilder(other, network));

    network.answers.release(10_000);

    assertThat(ended.join()).isEqualTo(End.STOPPED);
    assertThat(unwanted.state().step()).isEqualTo(2);
    assertThat(done.join()).isEqualTo(End.DONE);
  }

  @Test
  void aTaskThatWaitsLeavesWhenItIsStopped() throws Exception {
    run(new WorkBuilder(Tasks.task(1, 3), network));
    network.asked.acquire();
    RunStop stop = new RunStop();
    StepTask waiting = Tasks.task(2, 30);
    CompletableFuture<End> ended = run(new WorkBuilder(waiting, network).stop(stop));
    awaitHeld(2);

    stop.stop();
    network.answers.release(1);

    assertThat(ended.join()).isEqualTo(End.STOPPED);
    assertThat(waiting.state().step()).isZero();
  }

  @Test
  void aCallThatIsSharedIsAbortedOnceNobodyIsLeftInIt() throws Exception {
    loop.close();
    loop = new StepLoop(new TurnScheduler(BatchSizes.of(List.of(4))), 8);
    CountDownLatch both = new CountDownLatch(1);
    CompletableFuture<RunStop> shared = new CompletableFuture<>();
    NoisePredictor blocked =
        (calls, by) -> {
          if (calls.size() == 1) {
            awaitQuietly(both);
            return Tasks.network(calls, by);
          }
          shared.complete(by);
          CountDownLatch aborted = new CountDownLatch(1);
          by.onStop(aborted::countDown);
          awaitQuietly(aborted);
          throw new RunStoppedException();
        };
    RunStop one = new RunStop();
    RunStop other = new RunStop();
    StepTask first = Tasks.task(1, 3);
    CompletableFuture<End> firstEnd = run(new WorkBuilder(first, blocked).stop(one));
    awaitHeld(1);
    StepTask second = Tasks.task(2, 3);
    CompletableFuture<End> secondEnd = run(new WorkBuilder(second, blocked).stop(other));
    awaitHeld(2);
    both.countDown();
    RunStop call = shared.get(Patience.TEST_SECONDS, TimeUnit.SECONDS);

    one.stop();
    assertThat(call.stopped()).isFalse();
    other.stop();

    assertThat(call.stopped()).isTrue();
    assertThat(firstEnd.join()).isEqualTo(End.STOPPED);
    assertThat(secondEnd.join()).isEqualTo(End.STOPPED);
    assertThat(first.state().step()).isEqualTo(1);
    assertThat(second.state().step()).isZero();
  }

  @Test
  void onShutdownEveryTaskLeavesAtItsNextPointAndCanBeGoneOnWith() throws Exception {
    CompletableFuture<Runnable> ending = new CompletableFuture<>();
    StepTask task = Tasks.task(1, 6);
    CompletableFuture<End> ended = run(new WorkBuilder(task, network).onEnding(ending::complete));
    network.answers.release(2);
    network.asked.acquire(3);

    ending.join().run();
    network.answers.release(1);

    assertThat(ended.join()).isEqualTo(End.HANDED_OVER);
    assertThat(task.state().step()).isEqualTo(3);
    StepTask resumed = Steps.all(StepTask.resume(task.plan(), task.state()), Tasks::network);
    assertThat(resumed.latents().data())
        .isEqualTo(Steps.all(Tasks.task(1, 6), Tasks::network).latents().data());
  }

  @Test
  void onShutdownATaskThatWaitsDoesNotWaitForTheStepOfAnother() throws Exception {
    final CompletableFuture<End> first = run(new WorkBuilder(Tasks.task(1, 3), network));
    network.asked.acquire();
    CompletableFuture<Runnable> ending = new CompletableFuture<>();
    CompletableFuture<End> waiting =
        run(new WorkBuilder(Tasks.task(2, 30), network).onEnding(ending::complete));
    awaitHeld(2);

    ending.join().run();

    assertThat(waiting.join()).isEqualTo(End.HANDED_OVER);
    assertThat(first).isNotDone();
  }

  @Test
  void whoMustBeAloneWaitsUntilItIsAndTheNextOneGoesElsewhere() throws Exception {
    StepTask before = Tasks.task(1, 4);
    final CompletableFuture<End> first = run(new WorkBuilder(before, network));
    network.asked.acquire();
    AtomicInteger leftOfTheOther = new AtomicInteger(-1);
    StepTask dangerous = Tasks.task(2, 2);
    assertThat(loop.keepFor("dangerous")).isTrue();
    CompletableFuture<End> second =
        run(
            new WorkBuilder(dangerous, network)
                .alone()
                .stepped(() -> leftOfTheOther.compareAndSet(-1, before.callsLeft())));
    awaitHeld(2);

    assertThat(loop.hasRoom()).isFalse();
    assertThat(loop.keepFor("another")).isFalse();
    network.answers.release(10_000);

    assertThat(first.join()).isEqualTo(End.DONE);
    assertThat(second.join()).isEqualTo(End.DONE);
    assertThat(leftOfTheOther).hasValue(0);
    loop.release("another");
    assertThat(loop.hasRoom()).isFalse();
    loop.release("dangerous");
    assertThat(loop.hasRoom()).isTrue();
  }

  @Test
  void whatFailsFailsAlone() {
    network.answers.release(10_000);
    CompletableFuture<End> fails =
        run(
            new WorkBuilder(
                Tasks.task(1, 3),
                (calls, stop) -> {
                  throw new IllegalStateException("no network");
                }));
    CompletableFuture<End> works = run(new WorkBuilder(Tasks.task(2, 3), network));

    assertThatThrownBy(fails::join)
        .isInstanceOf(CompletionException.class)
        .hasRootCauseMessage("no network");
    assertThat(works.join()).isEqualTo(End.DONE);
  }

  @Test
  void tasksThatShareACallFailOneByOne() throws Exception {
    loop.close();
    loop = new StepLoop(new TurnScheduler(BatchSizes.of(List.of(2, 4))), 8);
    StepTask poison = Tasks.task(1, 3);
    CountDownLatch both = new CountDownLatch(1);
    List<Integer> batches = new CopyOnWriteArrayList<>();
    NoisePredictor choosy =
        (calls, stop) -> {
          batches.add(calls.size());
          if (batches.size() == 1) {
            awaitQuietly(both);
          }
          if (calls.stream()
              .anyMatch(c -> c.input().data()[0] == poison.call().input().data()[0])) {
            throw new IllegalStateException("poisoned");
          }
          return Tasks.network(calls, stop);
        };
    StepTask first = Tasks.task(3, 3);
    final CompletableFuture<End> firstEnd = run(new WorkBuilder(first, choosy));
    awaitHeld(1);
    CompletableFuture<End> poisoned = run(new WorkBuilder(poison, choosy));
    StepTask healthy = Tasks.task(2, 3);
    CompletableFuture<End> healthyEnd = run(new WorkBuilder(healthy, choosy));
    awaitHeld(3);
    both.countDown();

    assertThatThrownBy(poisoned::join).hasRootCauseMessage("poisoned");
    assertThat(healthyEnd.join()).isEqualTo(End.DONE);
    assertThat(firstEnd.join()).isEqualTo(End.DONE);
    assertThat(batches).contains(2);
    assertThat(healthy.latents().data())
        .isEqualTo(Steps.all(Tasks.task(2, 3), Tasks::network).latents().data());
  }

  @Test
  void whereMemoryIsTooSmallForACallItIsMadeSmaller() throws Exception {
    loop.close();
    loop = new StepLoop(new TurnScheduler(BatchSizes.of(List.of(2, 4, 8))), 8);
    CountDownLatch all = new CountDownLatch(1);
    List<Integer> batches = new CopyOnWriteArrayList<>();
    NoisePredictor small =
        (calls, stop) -> {
          batches.add(calls.size());
          if (batches.size() == 1) {
            awaitQuietly(all);
          }
          if (calls.size() > 2) {
            throw new OutOfDeviceMemoryException("full", null);
          }
          return Tasks.network(calls, stop);
        };
    List<StepTask> tasks = new ArrayList<>();
    List<CompletableFuture<End>> ends = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      StepTask task = Tasks.task(i, 4);
      tasks.add(task);
      ends.add(run(new WorkBuilder(task, small)));
      awaitHeld(i + 1);
    }
    all.countDown();

    for (int i = 0; i < 5; i++) {
      assertThat(ends.get(i).join()).isEqualTo(End.DONE);
      assertThat(tasks.get(i).latents().data())
          .isEqualTo(Steps.all(Tasks.task(i, 4), Tasks::network).latents().data());
    }
    // tried once: four pictures with two rows each
    assertThat(batches).containsOnlyOnce(4).doesNotContain(3);
  }

  @Test
  void everybodyHearsAfterEachStepThatTheLoopGoesOn() throws Exception {
    List<Duration> heard = new CopyOnWriteArrayList<>();
    run(new WorkBuilder(Tasks.task(1, 3), network));
    network.asked.acquire();
    run(new WorkBuilder(Tasks.task(2, 30), network).allowed(heard::add));
    awaitHeld(2);
    int before = heard.size();

    network.answers.release(1);
    network.asked.acquire();

    assertThat(heard).hasSize(before + 1);
    // ten of such steps are less than what any step is given
    assertThat(heard.get(before)).isEqualTo(Duration.ofSeconds(30));
    assertThat(loop.hangs()).isFalse();
  }

  @Test
  void whoWaitsIsGivenWhatTheStepBeforeItMayTake() throws Exception {
    run(new WorkBuilder(Tasks.task(1, 3), network));
    network.asked.acquire();
    List<Duration> heard = new CopyOnWriteArrayList<>();
    NoisePredictor unseen = (calls, stop) -> network.predict(calls, stop);
    run(new WorkBuilder(Tasks.task(2, 4), unseen).allowed(heard::add));
    awaitHeld(2);
    // the first step of the one before it is being made, and has begun a while ago
    assertThat(heard.get(0)).isBetween(Duration.ofMinutes(4), Duration.ofMinutes(5));

    network.answers.release(2);
    network.asked.acquire(2);
    assertThat(heard.subList(1, heard.size())).containsOnly(Duration.ofSeconds(30)).hasSize(2);
    network.answers.release(1);
    network.asked.acquire();

    assertThat(heard).last().as("its own first step").isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void aStepThatDoesNotEndHangsAndNothingMoreIsTakenUntilItDoes() throws Exception {
    loop.close();
    loop = Tasks.impatientLoop();
    final CompletableFuture<End> first = run(new WorkBuilder(Tasks.task(1, 3), network));
    network.asked.acquire();

    await().atMost(Patience.SOON).until(loop::hangs);

    assertThat(loop.hasRoom()).isFalse();
    network.answers.release(10_000);
    assertThat(first.join()).isEqualTo(End.DONE);
    assertThat(loop.hangs()).isFalse();
    assertThat(loop.hasRoom()).isTrue();
  }

  private CompletableFuture<End> run(WorkBuilder work) {
    return CompletableFuture.supplyAsync(() -> loop.run(work.build()), workers);
  }

  private void awaitHeld(int tasks) {
    await().atMost(Patience.SOON).until(() -> loop.held() == tasks);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(Patience.TEST_SECONDS, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
