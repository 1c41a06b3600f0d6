package dev.latentline.bench;

import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.decoder.decode.LatentDecoders;
import dev.latentline.denoiser.guide.Guidance;
import dev.latentline.denoiser.guide.StepRows;
import dev.latentline.denoiser.loop.StepLoop;
import dev.latentline.denoiser.loop.TurnScheduler;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.sample.SamplerOptions;
import dev.latentline.denoiser.sample.Samplers;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Pictures one after the other by the step loop and the decoder in one process, to be set beside
 * other programs: {@code Pictures CATALOGUE MODEL STEPS SIDE COUNT THREADS} prints "picture" after
 * each. With guidance; from given embeddings.
 */
public final class Pictures {
  private static final float GUIDANCE = 7.5f;

  private Pictures() {}

  public static void main(String[] arguments) {
    Catalogue catalogue = Catalogue.open(Path.of(arguments[0]));
    ModelCard card = catalogue.find(arguments[1]).orElseThrow();
    int steps = Integer.parseInt(arguments[2]);
    int side = Integer.parseInt(arguments[3]);
    SessionSettings settings = SessionSettings.cpu(Integer.parseInt(arguments[5]));
    ModelRef name = ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()).build();
    GenerationRequest request =
        GenerationRequest.newBuilder().setModel(name).setWidth(side).setHeight(side).build();
    try (PoolModels models = new PoolModels(catalogue, "default", settings, BatchSizes.none());
        LatentDecoders decoders =
            new LatentDecoders(catalogue, settings, Long.MAX_VALUE, 16_384, 64);
        StepLoop loop = new StepLoop(new TurnScheduler(BatchSizes.none()), 1)) {
      PoolModel model = models.require(name);
      for (int seed = 0; seed < Integer.parseInt(arguments[4]); seed++) {
        StepTask task = StepTask.start(plan(model, seed, steps, side));
        try (HeldNetwork held = models.network(model)) {
          loop.run(
              new StepLoop.Work(
                  "picture-" + seed,
                  task,
                  held.network(),
                  0,
                  false,
                  new RunStop(),
                  () -> false,
                  action -> {},
                  Alone.WATCHER));
        }
        decoders.decode(request, task.latents(), new RunStop());
        System.out.println("picture");
      }
    }
  }

  private static TaskPlan plan(PoolModel model, int seed, int steps, int side) {
    ModelCard card = model.card();
    int tokens = card.textEncoders().get(0).maxTokens();
    int width = card.unet().contextSize();
    int latents = side / card.vae().scaleFactor();
    float[] embeddings = new float[2 * tokens * width];
    for (int i = 0; i < embeddings.length; i++) {
      embeddings[i] = (float) Math.sin(i);
    }
    return new TaskPlan(
        new ImageTask("gen_bench", seed),
        seed,
        Rng.NV,
        new long[] {1, card.unet().latentChannels(), latents, latents},
        new FloatTensor(new long[] {2, tokens, width}, embeddings),
        StepRows.all(2),
        new Guidance(GUIDANCE, 0),
        card.scheduler().predictionType(),
        Samplers.of(Sampler.DDIM, SamplerOptions.defaults(Sampler.DDIM)),
        Schedules.of(Sampler.DDIM, Schedule.NORMAL, model.noise(), steps),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        false,
        Optional.empty());
  }

  private enum Alone implements StepLoop.Watcher {
    WATCHER;

    @Override
    public void stepped(Duration took) {}

    @Override
    public void goesOn(Duration allowance) {}
  }
}
