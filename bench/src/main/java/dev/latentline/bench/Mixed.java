package dev.latentline.bench;

import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.guide.Guidance;
import dev.latentline.denoiser.loop.StepLoop;
import dev.latentline.denoiser.loop.TurnScheduler;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.LoadedModel;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.sample.SamplerOptions;
import dev.latentline.denoiser.sample.Samplers;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.embedded.Checkout;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.ModelRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Pictures of 4, 20 and 50 steps arrive by chance at 80 % of what one core can do, with the
 * starter's network: the step loop against first in, first out, and against batches of waiting
 * pictures with equal steps. The same arrivals, the same network, one core each.
 */
public final class Mixed {
  private static final double LOAD = 0.8;
  private static final double MEAN_STEPS = 0.5 * 4 + 0.3 * 20 + 0.2 * 50;
  private static final int SLOTS = 8;
  private static final int LARGEST_BATCH = 4;

  private final LoadedModel model;
  private final List<Picture> pictures;

  private Mixed(LoadedModel model, List<Picture> pictures) {
    this.model = model;
    this.pictures = pictures;
  }

  /** When it arrives, its steps, and when it was done; in seconds from the beginning. */
  private static final class Picture {
    final int number;
    final double arrives;
    final StepTask task;
    double done;

    Picture(int number, double arrives, StepTask task) {
      this.number = number;
      this.arrives = arrives;
      this.task = task;
    }

    int steps() {
      return task.plan().steps();
    }

    double latency() {
      return done - arrives;
    }
  }

  @FunctionalInterface
  private interface Policy {
    /** Makes every picture that comes; returns when all are done. */
    void serve(Mixed run, BlockingQueue<Picture> coming, long began) throws Exception;
  }

  /** The argument is the number of pictures; 120 unless given. */
  public static void main(String[] arguments) throws Exception {
    int count = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 120;
    Catalogue catalogue = Catalogue.open(Checkout.current().models());
    try (PoolModels models =
        new PoolModels(catalogue, "default", SessionSettings.cpu(1), BatchSizes.none())) {
      LoadedModel model =
          models.require(
              ModelRef.newBuilder().setName("starter").setDigest(digest(catalogue)).build());
      double step = secondsPerStep(model);
      System.out.printf(
          "%d pictures at %.0f %% load, %.0f ms a step; seconds, ratios against FIFO%n%n",
          count, 100 * LOAD, 1000 * step);
      Map<String, Policy> policies = new LinkedHashMap<>();
      policies.put("first in, first out", Mixed::firstInFirstOut);
      policies.put("batches of requests", Mixed::batchesOfRequests);
      policies.put("step loop", Mixed::stepLoop);
      System.out.printf(
          "%-20s %8s %8s %9s %9s %9s %11s%n",
          "", "mean", "median", "4 p99", "50 p99", "all p99", "pictures/s");
      double[] reference = null;
      for (Map.Entry<String, Policy> policy : policies.entrySet()) {
        double[] figures = new Mixed(model, arrivals(model, count, step)).run(policy.getValue());
        reference = reference == null ? figures : reference;
        System.out.printf(
            "%-20s %8.2f %8.2f %9.2f %9.2f %9.2f %11.3f%n",
            policy.getKey(),
            figures[0],
            figures[1],
            figures[2],
            figures[3],
            figures[4],
            figures[5]);
        System.out.printf(
            "%-20s %8.2f %8.2f %9.3f %9.2f %9.2f %11.3f%n",
            "",
            figures[0] / reference[0],
            figures[1] / reference[1],
            figures[2] / reference[2],
            figures[3] / reference[3],
            figures[4] / reference[4],
            figures[5] / reference[5]);
      }
    }
  }

  private static String digest(Catalogue catalogue) {
    return catalogue.find("starter").orElseThrow().digest();
  }

  private static List<Picture> arrivals(LoadedModel model, int count, double step) {
    Random random = new Random(7);
    List<Picture> pictures = new ArrayList<>();
    double time = 0;
    for (int i = 0; i < count; i++) {
      time += -Math.log(1 - random.nextDouble()) * MEAN_STEPS * step / LOAD;
      double kind = random.nextDouble();
      int steps = kind < 0.5 ? 4 : kind < 0.8 ? 20 : 50;
      pictures.add(new Picture(i, time, StepTask.start(plan(model, i, steps))));
    }
    return pictures;
  }

  private static TaskPlan plan(LoadedModel model, int seed, int steps) {
    int tokens = model.card().textEncoders().get(0).maxTokens();
    int width = model.card().unet().contextSize();
    return new TaskPlan(
        new ImageTask("gen_bench", seed),
        seed,
        Rng.NV,
        new long[] {1, model.card().unet().latentChannels(), 16, 16},
        new FloatTensor(new long[] {2, tokens, width}, new float[2 * tokens * width]),
        new Guidance(3, 0),
        model.card().scheduler().predictionType(),
        Samplers.of(Sampler.EULER, SamplerOptions.defaults(Sampler.EULER)),
        Schedules.of(Sampler.EULER, Schedule.NORMAL, model.noise(), steps));
  }

  private static double secondsPerStep(LoadedModel model) {
    List<Double> seconds = new ArrayList<>();
    StepTask task = StepTask.start(plan(model, 0, 60));
    while (!task.done()) {
      long began = System.nanoTime();
      make(model, List.of(task));
      seconds.add((System.nanoTime() - began) / 1e9);
    }
    return Figures.median(seconds);
  }

  private static void make(LoadedModel model, List<StepTask> together) {
    List<NetworkCall> calls = together.stream().map(StepTask::call).toList();
    List<float[]> answers = model.network().predict(calls, new RunStop());
    for (int i = 0; i < together.size(); i++) {
      together.get(i).advance(answers.get(i));
    }
  }

  private double[] run(Policy policy) throws Exception {
    BlockingQueue<Picture> coming = new LinkedBlockingQueue<>();
    long began = System.nanoTime();
    Thread arriving =
        new Thread(
            () -> {
              for (Picture picture : pictures) {
                pause(picture.arrives - (System.nanoTime() - began) / 1e9);
                coming.add(picture);
              }
            });
    arriving.start();
    policy.serve(this, coming, began);
    arriving.join();
    List<Double> all = pictures.stream().map(Picture::latency).toList();
    double end = pictures.stream().mapToDouble(p -> p.done).max().orElseThrow();
    return new double[] {
      all.stream().mapToDouble(Double::doubleValue).average().orElseThrow(),
      Figures.median(all),
      Figures.percentile(of(4), 0.99),
      Figures.percentile(of(50), 0.99),
      Figures.percentile(all, 0.99),
      pictures.size() / end
    };
  }

  private List<Double> of(int steps) {
    return pictures.stream().filter(p -> p.steps() == steps).map(Picture::latency).toList();
  }

  private static void firstInFirstOut(Mixed run, BlockingQueue<Picture> coming, long began)
      throws Exception {
    for (int i = 0; i < run.pictures.size(); i++) {
      Picture next = coming.take();
      while (!next.task.done()) {
        make(run.model, List.of(next.task));
      }
      done(next, began);
    }
  }

  private static void batchesOfRequests(Mixed run, BlockingQueue<Picture> coming, long began)
      throws Exception {
    List<Picture> waiting = new ArrayList<>();
    for (int left = run.pictures.size(); left > 0; ) {
      if (waiting.isEmpty()) {
        waiting.add(coming.take());
      }
      coming.drainTo(waiting);
      int steps = waiting.get(0).steps();
      List<Picture> batch = new ArrayList<>();
      for (Iterator<Picture> i = waiting.iterator(); i.hasNext(); ) {
        Picture picture = i.next();
        if (picture.steps() == steps && batch.size() < LARGEST_BATCH) {
          batch.add(picture);
          i.remove();
        }
      }
      List<StepTask> tasks = batch.stream().map(p -> p.task).toList();
      while (!tasks.get(0).done()) {
        make(run.model, tasks);
      }
      batch.forEach(p -> done(p, began));
      left -= batch.size();
    }
  }

  /** As behind a queue: what the loop hands on goes to its end. */
  private static void stepLoop(Mixed run, BlockingQueue<Picture> coming, long began)
      throws Exception {
    CountDownLatch left = new CountDownLatch(run.pictures.size());
    try (StepLoop loop = new StepLoop(new TurnScheduler(BatchSizes.none()), SLOTS)) {
      List<Thread> slots = new ArrayList<>();
      for (int i = 0; i < SLOTS; i++) {
        Thread slot =
            new Thread(
                () -> {
                  while (true) {
                    try {
                      Picture picture = coming.take();
                      if (loop.run(work(run.model, picture)) == StepLoop.End.DONE) {
                        done(picture, began);
                        left.countDown();
                      } else {
                        coming.add(picture);
                      }
                    } catch (InterruptedException e) {
                      return;
                    }
                  }
                });
        slots.add(slot);
        slot.start();
      }
      left.await();
      slots.forEach(Thread::interrupt);
    }
  }

  private static StepLoop.Work work(LoadedModel model, Picture picture) {
    return new StepLoop.Work(
        Integer.toString(picture.number),
        picture.task,
        model.network(),
        picture.number,
        false,
        new RunStop(),
        () -> false,
        action -> {},
        new StepLoop.Watcher() {
          @Override
          public void stepped(Duration took) {}

          @Override
          public void goesOn(Duration allowance) {}
        });
  }

  private static void done(Picture picture, long began) {
    picture.done = (System.nanoTime() - began) / 1e9;
  }

  private static void pause(double seconds) {
    try {
      // nobody releases it: a pause
      new Semaphore(0).tryAcquire((long) (seconds * 1e6), TimeUnit.MICROSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
