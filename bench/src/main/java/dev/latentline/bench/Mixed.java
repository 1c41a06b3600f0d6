package dev.latentline.bench;

import dev.latentline.denoiser.task.StepTask;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Pictures of 4, 20 and 50 steps arrive by chance at 80 % of what one core can do, with the
 * starter's network: the step loop against first in, first out, and against batches of waiting
 * pictures with equal steps. The same arrivals, the same network, one core each.
 *
 * <p>Everything is computed, but the clock is the CPU time of the thread that computes, and jumps
 * to the next arrival where there is nothing to do: other work on the machine changes nothing of
 * who waits for whom.
 */
public final class Mixed {
  private static final double LOAD = 0.8;
  private static final double MEAN_STEPS = 0.5 * 4 + 0.3 * 20 + 0.2 * 50;
  private static final int LARGEST_BATCH = 4;
  private static final int CALIBRATION_STEPS = 60;
  private static final int SIDE = 64;

  private Mixed() {}

  @FunctionalInterface
  private interface Policy {
    /** Makes every picture; returns when all are done. */
    void serve(Starter starter, Arrivals arrivals) throws InterruptedException;
  }

  /** The argument is the number of pictures; 200 unless given. */
  public static void main(String[] arguments) throws Exception {
    int count = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 200;
    Map<String, Policy> policies = new LinkedHashMap<>();
    policies.put("first in, first out", Mixed::firstInFirstOut);
    policies.put("batches of requests", Mixed::batchesOfRequests);
    policies.put("step loop", (starter, arrivals) -> new StepLoopPolicy(starter, arrivals).serve());
    System.out.printf(
        "%d pictures of %d x %d at %.0f %% load; core-seconds, below them ratios against the first;"
            + " busy: share of the time; pictures/s: of the time that it was busy%n%n",
        count, SIDE, SIDE, 100 * LOAD);
    System.out.printf(
        "%-20s %8s %8s %8s %8s %8s %8s %8s %11s%n",
        "", "step_ms", "mean", "median", "4 p99", "50 p99", "all p99", "busy", "pictures/s");
    try (Starter starter = new Starter()) {
      secondsPerStep(starter);
      double[] reference = null;
      for (Map.Entry<String, Policy> policy : policies.entrySet()) {
        double step = secondsPerStep(starter);
        Arrivals arrivals = arrivals(starter, count, step);
        policy.getValue().serve(starter, arrivals);
        double[] figures = figures(arrivals, step);
        reference = reference == null ? figures : reference;
        print(policy.getKey(), figures, reference);
      }
    }
  }

  private static void print(String name, double[] figures, double[] reference) {
    System.out.printf("%-20s %8.1f", name, 1000 * figures[0]);
    for (int i = 1; i < figures.length; i++) {
      System.out.printf(" %8.3f", figures[i]);
    }
    System.out.printf("%n%-20s %8s", "", "");
    for (int i = 1; i < figures.length; i++) {
      System.out.printf(" %8.3f", figures[i] / reference[i]);
    }
    System.out.println();
  }

  private static double[] figures(Arrivals arrivals, double step) {
    List<Arrivals.Picture> pictures = arrivals.all();
    List<Double> all = pictures.stream().map(Arrivals.Picture::latency).toList();
    return new double[] {
      step,
      all.stream().mapToDouble(Double::doubleValue).average().orElseThrow(),
      Figures.median(all),
      Figures.percentile(of(4, pictures), 0.99),
      Figures.percentile(of(50, pictures), 0.99),
      Figures.percentile(all, 0.99),
      arrivals.busy() / pictures.stream().mapToDouble(Arrivals.Picture::done).max().orElseThrow(),
      pictures.size() / arrivals.busy()
    };
  }

  private static List<Double> of(int steps, List<Arrivals.Picture> pictures) {
    return pictures.stream()
        .filter(p -> p.task().plan().steps() == steps)
        .map(Arrivals.Picture::latency)
        .toList();
  }

  /** The same for every policy, in its own step times. */
  private static Arrivals arrivals(Starter starter, int count, double step) {
    Random random = new Random(7);
    List<Arrivals.Picture> pictures = new ArrayList<>();
    double time = 0;
    for (int i = 0; i < count; i++) {
      time += -Math.log(1 - random.nextDouble()) * MEAN_STEPS * step / LOAD;
      double kind = random.nextDouble();
      int steps = kind < 0.5 ? 4 : kind < 0.8 ? 20 : 50;
      pictures.add(new Arrivals.Picture(i, time, starter.task(i, steps, SIDE)));
    }
    return new Arrivals(pictures);
  }

  private static double secondsPerStep(Starter starter) {
    List<Double> seconds = new ArrayList<>();
    StepTask task = starter.task(0, CALIBRATION_STEPS, SIDE);
    while (!task.done()) {
      double began = Cpu.secondsOfThread(Thread.currentThread());
      starter.step(List.of(task));
      seconds.add(Cpu.secondsOfThread(Thread.currentThread()) - began);
    }
    return Figures.median(seconds);
  }

  private static void firstInFirstOut(Starter starter, Arrivals arrivals) {
    arrivals.servedBy(Thread.currentThread());
    Deque<Arrivals.Picture> waiting = new ArrayDeque<>();
    while (arrivals.come(waiting) || !waiting.isEmpty()) {
      Arrivals.Picture next = waiting.remove();
      while (!next.task().done()) {
        starter.step(List.of(next.task()));
      }
      arrivals.done(next);
    }
  }

  private static void batchesOfRequests(Starter starter, Arrivals arrivals) {
    arrivals.servedBy(Thread.currentThread());
    Deque<Arrivals.Picture> waiting = new ArrayDeque<>();
    while (arrivals.come(waiting) || !waiting.isEmpty()) {
      int steps = waiting.element().task().plan().steps();
      List<Arrivals.Picture> batch = new ArrayList<>();
      for (Iterator<Arrivals.Picture> i = waiting.iterator(); i.hasNext(); ) {
        Arrivals.Picture picture = i.next();
        if (picture.task().plan().steps() == steps && batch.size() < LARGEST_BATCH) {
          batch.add(picture);
          i.remove();
        }
      }
      List<StepTask> tasks = batch.stream().map(Arrivals.Picture::task).toList();
      while (!tasks.get(0).done()) {
        starter.step(tasks);
      }
      batch.forEach(arrivals::done);
    }
  }
}
