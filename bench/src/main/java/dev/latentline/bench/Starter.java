package dev.latentline.bench;

import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.guide.Guidance;
import dev.latentline.denoiser.guide.StepRows;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.network.NoisePredictor;
import dev.latentline.denoiser.network.PoolModel;
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
import dev.latentline.proto.v1.ModelRef;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The starter's network and decoder in this process, on one thread each; no text, no records. */
final class Starter implements AutoCloseable {
  private final PoolModels models;
  private final PoolModel model;
  private final HeldNetwork network;
  private final ModelSession decoder;

  Starter() {
    Catalogue catalogue = Catalogue.open(Checkout.current().models());
    ModelCard card = catalogue.find("starter").orElseThrow();
    SessionSettings settings = SessionSettings.cpu(1);
    models = new PoolModels(catalogue, "default", settings, BatchSizes.none());
    decoder = ModelSession.open(card.file(card.vae().decoder()), settings);
    model =
        models.require(ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()).build());
    network = models.network(model);
  }

  PoolModel model() {
    return model;
  }

  NoisePredictor network() {
    return network.network();
  }

  /** A picture with guidance, its latents still all noise. */
  StepTask task(int seed, int steps, int side) {
    ModelCard card = model.card();
    int tokens = card.textEncoders().get(0).maxTokens();
    int width = card.unet().contextSize();
    int latents = side / card.vae().scaleFactor();
    return StepTask.start(
        new TaskPlan(
            new ImageTask("gen_bench", seed),
            seed,
            Rng.NV,
            new long[] {1, card.unet().latentChannels(), latents, latents},
            new FloatTensor(new long[] {2, tokens, width}, new float[2 * tokens * width]),
            StepRows.all(2),
            new Guidance(3, 0),
            card.scheduler().predictionType(),
            Samplers.of(Sampler.EULER, SamplerOptions.defaults(Sampler.EULER)),
            Schedules.of(Sampler.EULER, Schedule.NORMAL, model.noise(), steps),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            false,
            Optional.empty()));
  }

  /** The next step of pictures of one size and as many steps left, in one call. */
  void step(List<StepTask> together) {
    List<NetworkCall> calls = together.stream().map(StepTask::call).toList();
    List<float[]> answers = network().predict(calls, new RunStop());
    for (int i = 0; i < together.size(); i++) {
      together.get(i).advance(answers.get(i));
    }
  }

  /** All steps and the decoder: a bare loop. */
  FloatTensor draw(int seed, int steps, int side) {
    StepTask task = task(seed, steps, side);
    while (!task.done()) {
      step(List.of(task));
    }
    return decoder.run(Map.of(decoder.inputs().keySet().iterator().next(), task.latents()));
  }

  @Override
  public void close() {
    decoder.close();
    network.close();
    models.close();
  }
}
