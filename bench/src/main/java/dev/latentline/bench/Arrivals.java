package dev.latentline.bench;

import dev.latentline.denoiser.task.StepTask;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Pictures that come one after the other, by a clock that runs while one thread computes and jumps
 * to the next arrival when there is nothing to compute. Thread-safe.
 */
final class Arrivals {
  private final List<Picture> all;
  private final Deque<Picture> coming;
  private Optional<Thread> server = Optional.empty();
  private double began;
  private double skipped;
  private double busy;

  /**
   * @param all in the order in which they come
   */
  Arrivals(List<Picture> all) {
    this.all = List.copyOf(all);
    this.coming = new ArrayDeque<>(all);
  }

  /** When it comes, what is to be made, and when it was done; in seconds of the clock. */
  static final class Picture {
    private final int number;
    private final double arrives;
    private final StepTask task;
    private volatile double done;

    Picture(int number, double arrives, StepTask task) {
      this.number = number;
      this.arrives = arrives;
      this.task = task;
    }

    int number() {
      return number;
    }

    StepTask task() {
      return task;
    }

    double done() {
      return done;
    }

    double latency() {
      return done - arrives;
    }
  }

  List<Picture> all() {
    return all;
  }

  /** The clock begins with this thread's work. */
  synchronized void servedBy(Thread thread) {
    if (server.isEmpty()) {
      server = Optional.of(thread);
      began = Cpu.secondsOfThread(thread);
    }
  }

  /** How long there was something to do. */
  synchronized double busy() {
    return busy;
  }

  synchronized double now() {
    return skipped + worked();
  }

  private double worked() {
    return server.map(thread -> Cpu.secondsOfThread(thread) - began).orElse(0.0);
  }

  /** Adds who has come by now; where nobody waits it becomes the time of the next arrival. */
  synchronized boolean come(Deque<Picture> waiting) {
    if (waiting.isEmpty() && !coming.isEmpty()) {
      skipped += Math.max(0, coming.element().arrives - now());
    }
    return comeByNow(waiting);
  }

  /** Adds who has come by now. */
  synchronized boolean comeByNow(Deque<Picture> waiting) {
    boolean came = false;
    for (double now = now(); !coming.isEmpty() && coming.element().arrives <= now; ) {
      waiting.add(coming.remove());
      came = true;
    }
    return came;
  }

  synchronized boolean over() {
    return coming.isEmpty();
  }

  synchronized void done(Picture picture) {
    picture.done = now();
    busy = worked();
  }
}
