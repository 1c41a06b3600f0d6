package dev.latentline.bench;

import com.google.protobuf.ByteString;
import dev.latentline.contract.Topic;
import dev.latentline.denoiser.loop.StepLoop;
import dev.latentline.denoiser.loop.TurnScheduler;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.preview.LatentProjection;
import dev.latentline.denoiser.preview.PreviewPng;
import dev.latentline.denoiser.preview.ProgressRate;
import dev.latentline.denoiser.resume.Checkpoints;
import dev.latentline.denoiser.resume.StepRecords;
import dev.latentline.denoiser.resume.StepSnapshot;
import dev.latentline.denoiser.resume.StepWriter;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.inference.session.RunStop;
import dev.latentline.kit.blob.S3BlobStore;
import dev.latentline.proto.v1.Progress;
import dev.latentline.proto.v1.Refiner;
import dev.latentline.proto.v1.RuntimeClass;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * What step records and previews add to a picture in the step loop: written behind it to a real
 * store, and made behind it and sent to a real broker, on the same cores. Plain pictures take turns
 * with those.
 */
public final class Overhead {
  private static final int STEPS = 50;
  private static final int SIDE = 256;
  private static final Duration PAUSE = Duration.ofMillis(500);
  private static final int WARM_UPS = 1000;

  private final Starter starter;
  private final Line line;

  private Overhead(Starter starter, Line line) {
    this.starter = starter;
    this.line = line;
  }

  /** The argument is the number of rounds; 5 unless given. */
  public static void main(String[] arguments) throws Exception {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5;
    try (Starter starter = new Starter();
        Line line = new Line()) {
      new Overhead(starter, line).measure(rounds);
    }
  }

  /** What one picture took: seconds on the clock, and core-seconds beside its steps. */
  private record Cost(double seconds, double stepping, double beside) {}

  private void measure(int rounds) throws Exception {
    try (S3BlobStore store = new S3BlobStore(line.storeSettings());
        StepWriter writer = new StepWriter(new StepRecords(store));
        KafkaProducer<String, byte[]> producer =
            new KafkaProducer<>(
                Map.of("bootstrap.servers", line.bootstrapServers(), "linger.ms", 0, "acks", "1"),
                new StringSerializer(),
                new ByteArraySerializer())) {
      ExecutorService behind = Executors.newSingleThreadExecutor();
      warmUp(new StepRecords(store), new WithPreviews(behind, producer));
      System.out.printf(
          "%npictures of %d x %d and %d steps; beside: core-ms of the store or broker, and of this"
              + " process but its step loop%n%-8s %9s | %9s %8s %8s | %9s %8s %8s%n",
          SIDE,
          SIDE,
          STEPS,
          "round",
          "plain_s",
          "records",
          "wall_%",
          "beside",
          "previews",
          "wall_%",
          "beside");
      List<Double> recordsWall = new ArrayList<>();
      List<Double> previewsWall = new ArrayList<>();
      List<Double> records = new ArrayList<>();
      List<Double> previews = new ArrayList<>();
      for (int round = 1; round <= rounds; round++) {
        Cost plain = make(round, new Plain(), STEPS);
        Cost recorded = make(round, new WithRecords(writer), STEPS);
        Cost shown = make(round, new WithPreviews(behind, producer), STEPS);
        recordsWall.add(100 * (recorded.seconds / plain.seconds - 1));
        previewsWall.add(100 * (shown.seconds / plain.seconds - 1));
        records.add(100 * (recorded.beside - idle(plain, recorded)) / recorded.stepping);
        previews.add(100 * (shown.beside - idle(plain, shown)) / shown.stepping);
        System.out.printf(
            "%-8d %9.2f | %9.2f %8.1f %8.0f | %9.2f %8.1f %8.0f%n",
            round,
            plain.seconds,
            recorded.seconds,
            recordsWall.get(round - 1),
            1000 * (recorded.beside - idle(plain, recorded)),
            shown.seconds,
            previewsWall.get(round - 1),
            1000 * (shown.beside - idle(plain, shown)));
      }
      System.out.printf(
          "%nmedians: step records %.1f %% on the clock, %.2f %% of the step loop's core time;"
              + " previews %.1f %%, %.2f %%%n",
          Figures.median(recordsWall),
          Figures.median(records),
          Figures.median(previewsWall),
          Figures.median(previews));
      behind.shutdown();
    }
  }

  /** As a replica is after some hundred pictures; the first ones cost several times as much. */
  private void warmUp(StepRecords records, WithPreviews previews) throws Exception {
    StepTask task = starter.task(0, STEPS, SIDE);
    make(0, new Plain(), STEPS / 5);
    double before = used();
    for (int i = 0; i < WARM_UPS; i++) {
      records.write(snapshot(task));
    }
    double between = used();
    float[] latents = task.state().latents();
    for (int i = 0; i < WARM_UPS; i++) {
      previews.show(latents, task.plan().shape());
    }
    previews.settle(task);
    System.out.printf(
        "to warm up: core-ms for each of %d records %.2f, previews %.2f%n",
        WARM_UPS, 1000 * (between - before) / WARM_UPS, 1000 * (used() - between) / WARM_UPS);
  }

  private static StepSnapshot snapshot(StepTask task) {
    return new StepSnapshot(
        "default",
        task.plan().task(),
        "0".repeat(64),
        List.of(),
        Refiner.getDefaultInstance(),
        RuntimeClass.getDefaultInstance(),
        task.plan().shape(),
        1,
        task.state());
  }

  /** What broker, store and this process do anyway in so long a time. */
  private static double idle(Cost plain, Cost other) {
    return plain.beside * other.seconds / plain.seconds;
  }

  private Cost make(int seed, Extra extra, int steps) throws Exception {
    StepTask task = starter.task(seed, steps, SIDE);
    double before = used();
    Stepping watcher = new Stepping(task, extra);
    long began;
    try (StepLoop loop = new StepLoop(new TurnScheduler(BatchSizes.none()), 1)) {
      began = System.nanoTime();
      loop.run(
          new StepLoop.Work(
              "bench",
              task,
              starter.network(),
              0,
              false,
              new RunStop(),
              () -> false,
              action -> {},
              watcher));
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    extra.settle(task);
    return new Cost(seconds, watcher.used, used() - before - watcher.used);
  }

  /** Of this process, the store and the broker. */
  private double used() {
    Map<String, Double> all = line.cpuSeconds();
    return Cpu.seconds() + all.get("store") + all.get("broker");
  }

  /** What is done beside the steps. */
  private interface Extra {
    void stepped(StepTask task, Duration took);

    /** Returns when it is done. */
    void settle(StepTask task) throws Exception;
  }

  private static final class Plain implements Extra {
    @Override
    public void stepped(StepTask task, Duration took) {}

    @Override
    public void settle(StepTask task) {}
  }

  private static final class WithRecords implements Extra {
    private final StepWriter writer;
    private Checkpoints checkpoints;

    WithRecords(StepWriter writer) {
      this.writer = writer;
    }

    @Override
    public void stepped(StepTask task, Duration took) {
      if (checkpoints == null) {
        checkpoints = new Checkpoints(task.plan().steps());
      }
      if (checkpoints.due(took)) {
        writer.offer(snapshot(task));
      }
    }

    @Override
    public void settle(StepTask task) {
      writer.settle(task.plan().task(), Duration.ofSeconds(5));
    }
  }

  private final class WithPreviews implements Extra {
    private final ExecutorService behind;
    private final KafkaProducer<String, byte[]> producer;
    private final LatentProjection projection =
        new LatentProjection(starter.model().card().vae().latentRgb().orElseThrow());
    private final ProgressRate rate = new ProgressRate(1, PAUSE, 0, System.nanoTime());

    WithPreviews(ExecutorService behind, KafkaProducer<String, byte[]> producer) {
      this.behind = behind;
      this.producer = producer;
    }

    @Override
    public void stepped(StepTask task, Duration took) {
      if (rate.next(task.state().step(), task.done(), System.nanoTime())
          != ProgressRate.Said.SHOWN) {
        return;
      }
      show(task.denoised().orElseThrow(), task.plan().shape());
    }

    void show(float[] denoised, long[] shape) {
      behind.execute(
          () -> {
            byte[] png = PreviewPng.of(projection.project(denoised, shape));
            Progress told =
                Progress.newBuilder()
                    .setGenerationId("gen_bench")
                    .setPreview(ByteString.copyFrom(png))
                    .build();
            producer.send(
                new ProducerRecord<>(
                    Topic.GENERATION_PROGRESS.topicName(), "gen_bench", told.toByteArray()));
          });
    }

    @Override
    public void settle(StepTask task) throws Exception {
      behind.submit(() -> {}).get(5, TimeUnit.SECONDS);
      producer.flush();
    }
  }

  private static final class Stepping implements StepLoop.Watcher {
    private final StepTask task;
    private final Extra extra;
    private volatile double used;

    Stepping(StepTask task, Extra extra) {
      this.task = task;
      this.extra = extra;
    }

    @Override
    public void stepped(Duration took) {
      extra.stepped(task, took);
      // of the loop's thread, which makes this picture alone
      used = Cpu.secondsOfThread(Thread.currentThread());
    }

    @Override
    public void goesOn(Duration allowance) {}
  }
}
