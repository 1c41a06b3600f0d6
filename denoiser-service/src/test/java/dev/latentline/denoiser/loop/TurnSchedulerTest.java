package dev.latentline.denoiser.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.denoiser.network.BatchSizes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TurnSchedulerTest {
  private static final int MANY = 6000;

  private record Waiting(Object kind, int rows, double remaining, long accepted)
      implements TurnScheduler.Candidate {
    @Override
    public boolean fixedBatch() {
      return kind.equals("fixed");
    }
  }

  @Test
  void shortestRemainingIsFirstAndOfEqualOnesTheOlder() {
    TurnScheduler scheduler = new TurnScheduler(BatchSizes.none());
    Waiting longer = new Waiting("a", 2, 5, 1);
    Waiting younger = new Waiting("a", 2, 3, 3);
    Waiting older = new Waiting("b", 2, 3, 2);

    assertThat(scheduler.next(List.of(longer, younger, older))).containsExactly(older);
    assertThat(TurnScheduler.last(List.of(longer, younger, older))).isEqualTo(longer);
    assertThat(scheduler.next(List.<Waiting>of())).isEmpty();
  }

  @Test
  void everyEighthTurnIsTheOldestOnes() {
    TurnScheduler scheduler = new TurnScheduler(BatchSizes.none());
    Waiting old = new Waiting("a", 2, 500, 1);
    Waiting fresh = new Waiting("a", 2, 1, 2);

    List<Waiting> turns = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      turns.addAll(scheduler.next(List.of(fresh, old)));
    }

    assertThat(turns).filteredOn(old::equals).hasSize(2);
    assertThat(turns.get(7)).isEqualTo(old);
  }

  @Test
  void onlyTasksOfOneKindShareACallAndOnlyAsManyAsFillABatch() {
    TurnScheduler scheduler = new TurnScheduler(BatchSizes.of(List.of(2, 4, 8)));
    List<Waiting> waiting = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      waiting.add(new Waiting("a", 1, 10 + i, i));
      waiting.add(new Waiting("b", 1, 20, i));
    }

    List<Waiting> together = scheduler.next(waiting);

    // five wait, four fill a batch
    assertThat(together)
        .containsExactly(waiting.get(0), waiting.get(2), waiting.get(4), waiting.get(6));
  }

  @Test
  void rowsNotTasksFillABatch() {
    TurnScheduler scheduler = new TurnScheduler(BatchSizes.of(List.of(4)));
    Waiting first = new Waiting("a", 2, 1, 1);
    Waiting second = new Waiting("a", 2, 2, 2);
    Waiting third = new Waiting("a", 2, 3, 3);

    assertThat(scheduler.next(List.of(third, second, first))).containsExactly(first, second);
    assertThat(scheduler.next(List.of(third))).containsExactly(third);
  }

  @Test
  void aBatchThatHasAlwaysTheSameSizeIsFilled() {
    TurnScheduler scheduler = new TurnScheduler(BatchSizes.of(List.of(2, 4, 8)));
    scheduler.atMost(2);
    List<Waiting> waiting = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      waiting.add(new Waiting("fixed", 2, i, i));
      waiting.add(new Waiting("other", 2, 10, i));
    }

    assertThat(scheduler.next(waiting))
        .containsExactly(waiting.get(0), waiting.get(2), waiting.get(4));
  }

  @Test
  void whereMemoryRanOutCallsAreSmaller() {
    TurnScheduler scheduler = new TurnScheduler(BatchSizes.of(List.of(2, 4, 8)));
    List<Waiting> waiting = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      waiting.add(new Waiting("a", 1, i, i));
    }
    assertThat(scheduler.next(waiting)).hasSize(8);

    scheduler.atMost(4);
    scheduler.atMost(6);

    assertThat(scheduler.next(waiting)).hasSize(4);
  }

  /**
   * Pictures of 4, 20 and 50 steps at 80 % of one CPU's capacity, against first in, first out with
   * the same engine.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void shortPicturesDoNotWaitForLongOnes(long seed) {
    List<Simulation.Task> fifo = Simulation.fifo(Simulation.arrivals(MANY, 0.8, seed));
    List<Simulation.Task> tasks =
        new Simulation(1, 8, BatchSizes.none(), pictures -> 1)
            .run(Simulation.arrivals(MANY, 0.8, seed));

    assertThat(percentile(tasks, 0.99, t -> t.steps == 4))
        .isLessThan(percentile(fifo, 0.99, t -> t.steps == 4) / 20);
    assertThat(percentile(tasks, 0.5, t -> true))
        .isLessThan(percentile(fifo, 0.5, t -> true) / 2.5);
    assertThat(percentile(tasks, 0.99, t -> t.steps == 50))
        .isLessThan(percentile(fifo, 0.99, t -> t.steps == 50) * 2);
    assertThat(end(tasks)).isLessThan(end(fifo) + 1);
  }

  /** A replica that has taken much gives it away to one that has nothing. */
  @Test
  void noReplicaIdlesWhileAnotherHasTasksWaiting() {
    List<Simulation.Task> burst = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      burst.add(new Simulation.Task(i, 0, 20));
    }
    Simulation two = new Simulation(2, 32, BatchSizes.none(), pictures -> 1);

    double end = end(two.run(burst));

    assertThat(end).isLessThan(40 * 20 / 2 * 1.03);
  }

  /** What a lone replica hands on comes back to it: now and then, not again and again. */
  @Test
  void aLoneReplicaSeldomHandsOn() {
    Simulation one = new Simulation(1, 8, BatchSizes.none(), pictures -> 1);

    List<Simulation.Task> tasks = one.run(Simulation.arrivals(MANY, 0.8, 4));

    double seconds = end(tasks) / 10;
    assertThat(one.given() / seconds).isLessThan(0.5);
  }

  /** On a GPU, whose call takes 2.5 units and 1 more for each picture. */
  @Test
  void batchesRaiseWhatAGpuCanDo() {
    BatchSizes sizes = BatchSizes.of(List.of(1, 2, 4, 8, 16));
    List<Simulation.Task> tasks =
        new Simulation(1, 32, sizes, pictures -> (2.5 + pictures) / 3.5)
            .run(Simulation.arrivals(MANY, 2.2, 5));

    // 2.2 times what it can do one by one, and nobody waits for long
    assertThat(percentile(tasks, 0.5, t -> true)).isLessThan(60);
    assertThat(percentile(tasks, 0.99, t -> t.steps == 4)).isLessThan(60);
  }

  private static double percentile(
      List<Simulation.Task> tasks, double share, Predicate<Simulation.Task> which) {
    double[] latencies =
        tasks.stream().filter(which).mapToDouble(Simulation.Task::latency).sorted().toArray();
    return latencies[(int) (share * (latencies.length - 1))];
  }

  private static double end(List<Simulation.Task> tasks) {
    return tasks.stream().mapToDouble(t -> t.ended).max().orElseThrow();
  }
}
