package dev.latentline.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.guide.Guidance;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.LoadedModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.sample.SamplerOptions;
import dev.latentline.denoiser.sample.Samplers;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.embedded.Checkout;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.local.client.GatewayClient;
import dev.latentline.local.client.Generation;
import dev.latentline.proto.v1.ModelRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The whole line, durable and in seven processes, against a bare loop in one: network and decoder
 * alone, without text, records, PNG and store. Both have the same cores; their rounds take turns.
 */
public final class Pipeline {
  private static final int ROUNDS = 5;
  private static final int STEPS = 25;
  private static final int SIDE = 256;

  private final LoadedModel model;
  private final ModelSession decoder;
  private final GatewayClient gateway;

  private Pipeline(LoadedModel model, ModelSession decoder, GatewayClient gateway) {
    this.model = model;
    this.decoder = decoder;
    this.gateway = gateway;
  }

  /** The argument is the number of pictures in a round; 6 unless given. */
  public static void main(String[] arguments) throws Exception {
    int pictures = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 6;
    int cores = Runtime.getRuntime().availableProcessors();
    Catalogue catalogue = Catalogue.open(Checkout.current().models());
    ModelCard card = catalogue.find("starter").orElseThrow();
    SessionSettings settings = SessionSettings.cpu(1);
    try (PoolModels models = new PoolModels(catalogue, "default", settings, BatchSizes.none());
        ModelSession decoder = ModelSession.open(card.file(card.vae().decoder()), settings);
        Line line = new Line()) {
      line.start("prompt-service");
      line.start("encoder-service");
      line.start("decoder-service");
      for (int i = 0; i < cores; i++) {
        line.start("denoiser-service");
      }
      LoadedModel model =
          models.require(
              ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()).build());
      new Pipeline(model, decoder, line.gateway()).measure(pictures, cores);
    }
  }

  private void measure(int pictures, int cores) throws Exception {
    bare(cores, cores);
    line(cores);
    System.out.printf(
        "%nthroughput: %d pictures of %d x %d and %d steps a round, %d at a time%n",
        pictures, SIDE, SIDE, STEPS, cores);
    System.out.printf("%-8s %14s %14s %8s%n", "round", "bare_img/s", "line_img/s", "ratio");
    List<Double> ratios = new ArrayList<>();
    for (int round = 1; round <= ROUNDS; round++) {
      double bare = bare(pictures, cores);
      double line = line(pictures);
      ratios.add(line / bare);
      System.out.printf("%-8d %14.3f %14.3f %8.3f%n", round, bare, line, line / bare);
    }
    System.out.printf("%-8s %38.3f%n", "median", Figures.median(ratios));

    System.out.printf("%nlatency: one picture at a time, milliseconds%n");
    List<Double> added = new ArrayList<>();
    for (int i = 0; i < 3 * pictures; i++) {
      double bare = 1000 / bare(1, 1);
      double line = 1000 / line(1);
      added.add(line - bare);
    }
    System.out.printf(
        "added by the line: p50 %.0f, p99 %.0f%n",
        Figures.median(added), Figures.percentile(added, 0.99));
  }

  /** Pictures per second. */
  private double bare(int pictures, int threads) throws Exception {
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      long began = System.nanoTime();
      List<Future<?>> made = new ArrayList<>();
      for (int i = 0; i < pictures; i++) {
        int seed = i;
        made.add(workers.submit(() -> draw(seed)));
      }
      for (Future<?> one : made) {
        one.get();
      }
      return pictures / seconds(began);
    } finally {
      workers.shutdown();
    }
  }

  private void draw(int seed) {
    int tokens = model.card().textEncoders().get(0).maxTokens();
    int width = model.card().unet().contextSize();
    int side = SIDE / model.card().vae().scaleFactor();
    StepTask task =
        StepTask.start(
            new TaskPlan(
                new ImageTask("gen_bench", 0),
                seed,
                Rng.NV,
                new long[] {1, model.card().unet().latentChannels(), side, side},
                new FloatTensor(new long[] {2, tokens, width}, new float[2 * tokens * width]),
                new Guidance(3, 0),
                model.card().scheduler().predictionType(),
                Samplers.of(Sampler.EULER, SamplerOptions.defaults(Sampler.EULER)),
                Schedules.of(Sampler.EULER, Schedule.NORMAL, model.noise(), STEPS)));
    while (!task.done()) {
      task.advance(model.network().predict(List.of(task.call()), new RunStop()).get(0));
    }
    decoder.run(Map.of(decoder.inputs().keySet().iterator().next(), task.latents()));
  }

  /** Pictures per second, of one generation each. */
  private double line(int pictures) throws Exception {
    long began = System.nanoTime();
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < pictures; i++) {
      ObjectNode body = gateway.request();
      body.put("model", "starter").put("prompt", "a red apple").put("seed", i);
      body.put("steps", STEPS).put("width", SIDE).put("height", SIDE).put("sampler", "euler");
      ids.add(gateway.submit(body, UUID.randomUUID().toString()).id());
    }
    for (String id : ids) {
      Generation generation = gateway.generation(id);
      while (!generation.hasEnded()) {
        // nobody releases it: a pause that is small against a picture
        new Semaphore(0).tryAcquire(5, TimeUnit.MILLISECONDS);
        generation = gateway.generation(id);
      }
      if (!generation.hasSucceeded()) {
        throw new IllegalStateException(id + " " + generation.status());
      }
    }
    return pictures / seconds(began);
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }
}
