package dev.latentline.bench;

import dev.latentline.denoiser.loop.StepLoop;
import dev.latentline.denoiser.loop.TurnScheduler;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.network.NoisePredictor;
import dev.latentline.inference.session.RunStop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The denoiser's step loop as it is behind its queue: it holds as many pictures as it has slots,
 * and what it hands on goes to the queue's end. Who comes while a step is made is in the loop, or
 * in the queue, when it decides about the next.
 */
final class StepLoopPolicy {
  private static final int SLOTS = 8;

  private final Starter starter;
  private final Arrivals arrivals;
  private final StepLoop loop = new StepLoop(new TurnScheduler(BatchSizes.none()), SLOTS);
  private final Deque<Arrivals.Picture> waiting = new ArrayDeque<>();
  private final NoisePredictor network = this::predict;
  private int held;
  private int joining;

  StepLoopPolicy(Starter starter, Arrivals arrivals) {
    this.starter = starter;
    this.arrivals = arrivals;
  }

  void serve() throws InterruptedException {
    try (loop) {
      synchronized (this) {
        while (!arrivals.over() || held > 0 || !waiting.isEmpty()) {
          if (held == 0) {
            arrivals.come(waiting);
            fill();
          } else {
            wait();
          }
        }
      }
    }
  }

  /** On the loop's thread. */
  private List<float[]> predict(List<NetworkCall> calls, RunStop stop) {
    arrivals.servedBy(Thread.currentThread());
    List<float[]> answers = starter.network().predict(calls, stop);
    synchronized (this) {
      arrivals.comeByNow(waiting);
      fill();
      while (joining > 0) {
        pause();
      }
    }
    return answers;
  }

  private void fill() {
    while (held < SLOTS && !waiting.isEmpty()) {
      Arrivals.Picture next = waiting.remove();
      held++;
      joining++;
      new Thread(() -> run(next), "slot").start();
    }
  }

  private void run(Arrivals.Picture picture) {
    Joining watcher = new Joining(picture);
    StepLoop.End end =
        loop.run(
            new StepLoop.Work(
                Integer.toString(picture.number()),
                picture.task(),
                network,
                picture.number(),
                false,
                new RunStop(),
                () -> false,
                action -> {},
                watcher));
    synchronized (this) {
      held--;
      if (end == StepLoop.End.HANDED_OVER) {
        waiting.add(picture);
      }
      fill();
      notifyAll();
    }
  }

  private void pause() {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      joining = 0;
    }
  }

  private final class Joining implements StepLoop.Watcher {
    private final Arrivals.Picture picture;
    private boolean joined;

    Joining(Arrivals.Picture picture) {
      this.picture = picture;
    }

    @Override
    public void stepped(Duration took) {
      if (picture.task().done()) {
        arrivals.done(picture);
      }
    }

    @Override
    public void goesOn(Duration allowance) {
      synchronized (StepLoopPolicy.this) {
        if (!joined) {
          joined = true;
          joining--;
          StepLoopPolicy.this.notifyAll();
        }
      }
    }
  }
}
