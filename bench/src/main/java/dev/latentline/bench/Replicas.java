package dev.latentline.bench;

import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How much more is made by more replicas, through a real broker: denoisers with the real work queue
 * and step loop whose network waits instead of computing, then encoders and decoders, whose queues
 * have one partition. With replicas that wait, two cores stand for many machines: what is measured
 * is what the line itself costs.
 */
public final class Replicas {
  private static final Duration SETTLING = Duration.ofSeconds(8);

  private final Line line;
  private final RecordQueue queue;
  private final Duration window;

  private Replicas(Line line, RecordQueue queue, Duration window) {
    this.line = line;
    this.queue = queue;
    this.window = window;
  }

  /** The argument is for how many seconds each is measured; 20 unless given. */
  public static void main(String[] arguments) throws Exception {
    int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20;
    try (Starter starter = new Starter();
        Line line = new Line();
        RecordQueue queue = new RecordQueue(line.bootstrapServers())) {
      Replicas replicas = new Replicas(line, queue, Duration.ofSeconds(seconds));
      replicas.measure(
          "denoisers, a step",
          new SimulatedDenoisers(starter.model(), queue),
          new int[] {1, 2, 4, 8, 16},
          SimulatedDenoisers.SLOTS);
      replicas.measure(
          "encoders, a record",
          new SimulatedStage(Topic.PROMPT_TOKENIZED, Stage.ENCODER, queue, 2_000),
          new int[] {1, 2, 4},
          4);
      replicas.measure(
          "decoders, a record",
          new SimulatedStage(Topic.LATENT_DENOISED, Stage.DECODER, queue, 70_000),
          new int[] {1, 2, 4},
          4);
    }
  }

  /**
   * @param waiting so many records for each replica are unfinished at any time
   */
  private void measure(String name, SimulatedReplicas stage, int[] counts, int waiting)
      throws Exception {
    System.out.printf(
        "%n%s of %.0f ms%n%-9s %10s %12s %10s %12s%n",
        name,
        1000 * stage.secondsPerUnit(),
        "replicas",
        "per_s",
        "of_possible",
        "of_N",
        "cpu_%_core");
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger unfinished = new AtomicInteger();
    Thread feeder = new Thread(() -> feed(stage, unfinished, over), "feeder");
    feeder.start();
    double single = 0;
    int replicas = 0;
    try (stage) {
      for (int count : counts) {
        for (; replicas < count; replicas++) {
          stage.add();
          unfinished.addAndGet(waiting);
        }
        for (long before = stage.units(); stage.units() == before; ) {
          pause(Duration.ofMillis(100));
        }
        pause(SETTLING);
        double cpu = cpu();
        long units = stage.units();
        long began = System.nanoTime();
        pause(window);
        double took = (System.nanoTime() - began) / 1e9;
        double rate = (stage.units() - units) / took;
        single = count == 1 ? rate : single;
        System.out.printf(
            "%-9d %10.2f %12.3f %10.3f %12.0f%n",
            count,
            rate,
            rate * stage.secondsPerUnit() / count,
            rate / single / count,
            100 * (cpu() - cpu) / took);
      }
    } finally {
      over.set(true);
      feeder.join();
    }
  }

  /** Replaces what was finished. */
  private void feed(SimulatedReplicas stage, AtomicInteger unfinished, AtomicBoolean over) {
    Random random = new Random(1);
    try {
      for (int sent = 0; !over.get(); ) {
        if (sent - stage.recordsDone() >= unfinished.get()) {
          pause(Duration.ofMillis(20));
          continue;
        }
        String id = GenerationIds.create(System.currentTimeMillis(), random);
        String topic = RecordQueue.name(stage.topic());
        byte[] record = stage.record(id);
        queue.send(topic, Stage.GATEWAY, id, new ImageTask(id, 0).key(), record);
        sent++;
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException("the broker takes no records", e);
    }
  }

  /** Of all processes. */
  private double cpu() {
    Map<String, Double> line = this.line.cpuSeconds();
    return Cpu.seconds() + line.values().stream().mapToDouble(Double::doubleValue).sum();
  }

  static void pause(Duration time) {
    try {
      // nobody releases it: a pause
      new Semaphore(0).tryAcquire(time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
