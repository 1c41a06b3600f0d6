package dev.latentline.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Topic;
import dev.latentline.local.client.GatewayClient;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationEvent.FactCase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The whole line, durable and in as many processes as it has, against a bare loop in one: network
 * and decoder alone, without text, records, PNG and store. Both have the same cores; their rounds
 * take turns. What the line uses of the cores is told for each process.
 */
public final class Pipeline {
  private static final int ROUNDS = 5;
  static final int STEPS = 25;
  static final int SIDE = 256;

  /** Of a job: what the goal is stated for. */
  private static final double CORE_SECONDS = 4;

  private static final int SAMPLES = 100;
  private static final int SHORT_STEPS = 4;
  private static final int SHORT_SIDE = 64;
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final Starter starter;
  private final Line line;
  private final GatewayClient gateway;
  private final Tail<GenerationEvent> facts;

  Pipeline(Starter starter, Line line, Tail<GenerationEvent> facts) {
    this.starter = starter;
    this.line = line;
    this.gateway = line.gateway();
    this.facts = facts;
  }

  /** The argument is the number of pictures in a round; 12 unless given. */
  public static void main(String[] arguments) throws Exception {
    int pictures = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 12;
    int cores = Runtime.getRuntime().availableProcessors();
    try (Starter starter = new Starter();
        Line line = new Line()) {
      line.start("prompt-service");
      line.start("encoder-service");
      line.start("decoder-service");
      for (int i = 0; i < cores; i++) {
        line.start("denoiser-service");
      }
      try (Tail<GenerationEvent> facts =
          new Tail<>(line.bootstrapServers(), Topic.GENERATION_EVENT, GenerationEvent.parser())) {
        Pipeline pipeline = new Pipeline(starter, line, facts);
        pipeline.warmUp(cores);
        pipeline.latency();
        pipeline.idle();
        pipeline.throughput(pictures, pipeline.stepsOfAJob(), cores);
      }
    }
  }

  /** What is compiled by small pictures is that which handles records. */
  void warmUp(int cores) throws Exception {
    for (int i = 0; i < 10; i++) {
      line(10, 2, SHORT_SIDE);
    }
    line(cores, STEPS, SIDE);
    bare(cores, cores, STEPS, SIDE);
  }

  /** Of a picture that takes the bare loop so many core-seconds, on whatever cores these are. */
  private int stepsOfAJob() throws Exception {
    double before = Cpu.seconds();
    bare(1, 1, STEPS, SIDE);
    return (int) Math.round(STEPS * CORE_SECONDS / (Cpu.seconds() - before));
  }

  private void throughput(int pictures, int steps, int cores) throws Exception {
    System.out.printf(
        "%nthroughput: %d pictures of %d x %d and %d steps a round, %d at a time; cpu: core-s of a"
            + " picture%n",
        pictures, SIDE, SIDE, steps, cores);
    System.out.printf(
        "%-8s %12s %12s %8s %10s %10s %8s%n",
        "round", "bare_img/s", "line_img/s", "ratio", "bare_cpu", "line_cpu", "ratio");
    List<Double> ratios = new ArrayList<>();
    List<Double> cpuRatios = new ArrayList<>();
    List<Double> cpus = new ArrayList<>();
    Map<String, Double> used = new TreeMap<>();
    for (int round = 1; round <= ROUNDS; round++) {
      double ownBefore = Cpu.seconds();
      double bare = bare(pictures, cores, steps, SIDE);
      double bareCpu = (Cpu.seconds() - ownBefore) / pictures;
      Map<String, Double> before = line.cpuSeconds();
      double made = line(pictures, steps, SIDE);
      Map<String, Double> now = line.cpuSeconds();
      double lineCpu = 0;
      for (Map.Entry<String, Double> process : now.entrySet()) {
        double delta = process.getValue() - before.get(process.getKey());
        used.merge(process.getKey(), delta / pictures / ROUNDS, Double::sum);
        lineCpu += delta / pictures;
      }
      ratios.add(made / bare);
      cpuRatios.add(bareCpu / lineCpu);
      cpus.add(bareCpu);
      System.out.printf(
          "%-8d %12.3f %12.3f %8.3f %10.3f %10.3f %8.3f%n",
          round, bare, made, made / bare, bareCpu, lineCpu, bareCpu / lineCpu);
    }
    System.out.printf(
        "%-8s %34.3f %30.3f%n%n", "median", Figures.median(ratios), Figures.median(cpuRatios));
    System.out.printf("core-ms of a picture: bare %.0f", 1000 * Figures.median(cpus));
    used.forEach((name, seconds) -> System.out.printf(", %s %.0f", name, 1000 * seconds));
    System.out.println();
  }

  private void idle() throws InterruptedException {
    Map<String, Double> before = line.cpuSeconds();
    long began = System.nanoTime();
    pause(10_000);
    double took = seconds(began);
    double all = 0;
    System.out.printf("%nat nothing, %% of a core:");
    for (Map.Entry<String, Double> process : line.cpuSeconds().entrySet()) {
      double share = 100 * (process.getValue() - before.get(process.getKey())) / took;
      all += share;
      System.out.printf(" %s %.1f,", process.getKey(), share);
    }
    System.out.printf(" all %.1f%n", all);
  }

  private void latency() throws Exception {
    List<Double> bare = new ArrayList<>();
    List<Double> added = new ArrayList<>();
    for (int i = 0; i < SAMPLES; i++) {
      double alone = 1 / bare(1, 1, SHORT_STEPS, SHORT_SIDE);
      bare.add(1000 * alone);
      Watch seen = Watch.of(gateway, line.address(), body(i, SHORT_STEPS, SHORT_SIDE), false);
      added.add(1000 * (seen.end() - alone));
    }
    System.out.printf(
        "%nlatency: %d pictures of %d x %d and %d steps, one at a time; bare %.0f ms (median)%n"
            + "added by the line: p50 %.0f ms, p90 %.0f ms, p99 %.0f ms%n",
        SAMPLES,
        SHORT_SIDE,
        SHORT_SIDE,
        SHORT_STEPS,
        Figures.median(bare),
        Figures.median(added),
        Figures.percentile(added, 0.9),
        Figures.percentile(added, 0.99));
  }

  /** Pictures per second. */
  double bare(int pictures, int threads, int steps, int side) throws Exception {
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      long began = System.nanoTime();
      List<Future<?>> made = new ArrayList<>();
      for (int i = 0; i < pictures; i++) {
        int seed = i;
        made.add(workers.submit(() -> starter.draw(seed, steps, side)));
      }
      for (Future<?> one : made) {
        one.get();
      }
      return pictures / seconds(began);
    } finally {
      workers.shutdown();
    }
  }

  /** Pictures per second, of one generation each. */
  double line(int pictures, int steps, int side) throws Exception {
    long began = System.nanoTime();
    Set<String> open = new HashSet<>();
    for (int i = 0; i < pictures; i++) {
      open.add(gateway.submit(body(i, steps, side), UUID.randomUUID().toString()).id());
    }
    while (!open.isEmpty()) {
      for (GenerationEvent event :
          facts.until(told -> open.contains(told.getGenerationId()), PATIENCE)) {
        if (event.getFactCase() == FactCase.SUCCEEDED) {
          open.remove(event.getGenerationId());
        } else if (event.getFactCase() == FactCase.FAILED) {
          throw new IllegalStateException(event.getFailed().getCode());
        }
      }
    }
    return pictures / seconds(began);
  }

  private ObjectNode body(int seed, int steps, int side) {
    ObjectNode body = gateway.request();
    body.put("model", "starter").put("prompt", "a red apple").put("seed", seed);
    return body.put("steps", steps).put("width", side).put("height", side).put("sampler", "euler");
  }

  private static void pause(long millis) throws InterruptedException {
    // nobody releases it: a pause
    new Semaphore(0).tryAcquire(millis, TimeUnit.MILLISECONDS);
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }
}
