package dev.latentline.denoiser.task;

import dev.latentline.contract.Failure;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.guide.Guidance;
import dev.latentline.denoiser.guide.GuidanceEmbedding;
import dev.latentline.denoiser.network.AddedInputs;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.SteeringPicture;
import dev.latentline.denoiser.sample.SamplerOptions;
import dev.latentline.denoiser.sample.Samplers;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.schedule.Sigmas;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.SchedulerConfig;
import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Tensor;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiFunction;
import java.util.function.Function;

/** From the record of an image task to what is to be computed; holds every number to its limits. */
public final class TaskPlanner {
  private final BiFunction<String, Payload, Tensor> payloads;

  /**
   * @param payloads fetches what does not travel in the record, of a tenant
   */
  public TaskPlanner(BiFunction<String, Payload, Tensor> payloads) {
    this.payloads = payloads;
  }

  /**
   * @param refiner the request's, which makes the last steps
   * @throws Failure.Rejected when the model or the refiner cannot do what the record asks
   */
  public TaskPlan plan(EmbeddingReady record, PoolModel model, Optional<PoolModel> refiner) {
    GenerationRequest request = record.getRequest();
    check(request, model.card());
    refiner.ifPresent(each -> check(request, model.card(), each.card()));
    Sampler sampler =
        Sampler.byId(request.getSampler())
            .orElseThrow(() -> unsupported("the sampler is not known here"));
    Schedule schedule =
        Schedule.byId(request.getSchedule())
            .orElseThrow(() -> unsupported("the schedule is not known here"));
    Rng rng =
        request.getRng().isEmpty()
            ? Rng.NV
            : Rng.byId(request.getRng())
                .orElseThrow(() -> unsupported("the source of noise is not known here"));
    SchedulerConfig scheduler = model.card().scheduler();
    if (scheduler.predictionType() == PredictionType.FLOW && !sampler.samplesFlow()) {
      throw unsupported("the sampler cannot sample a model of flow matching");
    }
    if (scheduler.predictionType() == PredictionType.FLOW && request.getSChurn() > 0) {
      throw unsupported("a model of flow matching takes no s_churn");
    }
    Guidance guidance = guidance(request, model.card());
    StepConditionings conditionings = StepConditionings.of(record, guidance);
    long[] shape = shape(request, model.card());
    Sigmas sigmas = Schedules.of(sampler, schedule, noise(model, shape), request.getSteps());
    return new TaskPlan(
        new ImageTask(request.getGenerationId(), record.getImageIndex()),
        request.getSeed() + record.getImageIndex(),
        rng,
        shape,
        contexts(request, model.card(), conditionings.rows(), Conditioning::getEmbedding),
        conditionings.stepRows(),
        guidance,
        scheduler.predictionType(),
        Samplers.of(sampler, options(sampler, request, scheduler)),
        sigmas,
        added(request, model.card(), conditionings.rows(), Conditioning::getPooled),
        masked(record, model.card().unet().maskedChannels(), shape),
        steerings(record, model.card()),
        request.getDeterministic(),
        refiner.map(each -> refinement(request, each.card(), conditionings.rows(), sigmas)));
  }

  /**
   * What a record's plan will take of the heap; reads nothing.
   *
   * @param refiner the request's, which makes the last steps
   * @throws Failure.Rejected as {@link #plan} does, where the record alone shows that it cannot be
   */
  public PlanMemory memory(EmbeddingReady record, PoolModel model, Optional<PoolModel> refiner) {
    GenerationRequest request = record.getRequest();
    check(request, model.card());
    refiner.ifPresent(each -> check(request, model.card(), each.card()));
    return PlanMemory.of(
        record,
        model.card(),
        refiner.map(PoolModel::card),
        StepConditionings.of(record, guidance(request, model.card())).rows(),
        shape(request, model.card()));
  }

  private static Guidance guidance(GenerationRequest request, ModelCard model) {
    return new Guidance(
        model.unet().isToldGuidance() ? 1 : request.getGuidanceScale(),
        request.getGuidanceRescale());
  }

  /** Of the latents, [1, channels, height, width]. */
  private static long[] shape(GenerationRequest request, ModelCard model) {
    int scale = model.vae().scaleFactor();
    return new long[] {
      1, model.unet().latentChannels(), request.getHeight() / scale, request.getWidth() / scale
    };
  }

  /** Of a request without a refiner. */
  public TaskPlan plan(EmbeddingReady record, PoolModel model) {
    return plan(record, model, Optional.empty());
  }

  private Refinement refinement(
      GenerationRequest request, ModelCard refiner, List<Conditioning> rows, Sigmas sigmas) {
    SchedulerConfig scheduler = refiner.scheduler();
    return new Refinement(
        Refinement.from(sigmas, scheduler.trainTimesteps(), request.getRefiner().getStart()),
        contexts(request, refiner, rows, Conditioning::getRefinerEmbedding),
        scheduler.predictionType(),
        added(request, refiner, rows, Conditioning::getRefinerPooled));
  }

  /** For pictures of this size. */
  private static TrainedNoise noise(PoolModel model, long[] shape) {
    int patch = model.card().unet().patchSize();
    return model.noise().ofTokens((shape[2] / patch) * (shape[3] / patch));
  }

  private Optional<FloatTensor> masked(EmbeddingReady record, int channels, long[] shape) {
    if (channels == 0) {
      if (record.hasMaskedPicture()) {
        throw unsupported("the model does not fill in pictures");
      }
      return Optional.empty();
    }
    return Optional.of(
        TensorRecords.require(
            TensorRecords.fromRecord(
                payloads.apply(record.getRequest().getTenant(), record.getMaskedPicture())),
            "A masked picture",
            1,
            channels,
            shape[2],
            shape[3]));
  }

  private List<Steering> steerings(EmbeddingReady record, ModelCard model) {
    GenerationRequest request = record.getRequest();
    if (record.getControlPicturesCount() != request.getControlsCount()) {
      throw unsupported("there is not a picture for each of its controls");
    }
    if (request.getControlsCount() > 0 && model.unet().controlled().isEmpty()) {
      throw unsupported("the model takes no ControlNets");
    }
    List<Steering> steerings = new ArrayList<>();
    for (int i = 0; i < request.getControlsCount(); i++) {
      ControlPicture control = request.getControls(i);
      within("weight", control.getWeight(), Limits.MAX_CONTROL_WEIGHT);
      within("start", (float) control.getStart(), Limits.MAX_PART);
      within("end", (float) control.getEnd(), Limits.MAX_PART);
      steerings.add(
          new Steering(
              picture(request, record.getControlPictures(i)),
              control.getWeight(),
              control.getStart(),
              control.getEnd()));
    }
    return steerings;
  }

  private SteeringPicture picture(GenerationRequest request, Payload picture) {
    return new SteeringPicture(
        request.getHeight(),
        request.getWidth(),
        TensorRecords.requireUint8(
            payloads.apply(request.getTenant(), picture),
            "A picture that steers",
            1,
            SteeringPicture.COLOURS,
            request.getHeight(),
            request.getWidth()));
  }

  private static SamplerOptions options(
      Sampler sampler, GenerationRequest request, SchedulerConfig scheduler) {
    SamplerOptions defaults = SamplerOptions.defaults(sampler);
    return new SamplerOptions(
        request.hasEta() ? request.getEta() : defaults.eta(),
        request.getSChurn(),
        request.hasSNoise() ? request.getSNoise() : defaults.noiseScale(),
        scheduler.clipSample()
            ? OptionalDouble.of(scheduler.clipSampleRange())
            : OptionalDouble.empty());
  }

  private static void check(GenerationRequest request, ModelCard model) {
    int maxSteps =
        Math.min(
            Math.min(Limits.MAX_STEPS, model.limits().maxSteps()),
            model.scheduler().trainTimesteps());
    if (request.getSteps() < Limits.MIN_STEPS || request.getSteps() > maxSteps) {
      throw unsupported("steps must be " + Limits.MIN_STEPS + " to " + maxSteps);
    }
    within("guidance_scale", request.getGuidanceScale(), Limits.MAX_GUIDANCE_SCALE);
    within("guidance_rescale", request.getGuidanceRescale(), Limits.MAX_PART);
    within("eta", request.getEta(), Limits.MAX_PART);
    within("s_churn", request.getSChurn(), Limits.MAX_CHURN);
    within("s_noise", request.getSNoise(), Limits.MAX_NOISE_SCALE);
    int scale = model.vae().scaleFactor();
    if (!model.limits().allowSize(request.getWidth(), request.getHeight())
        || request.getWidth() % scale != 0
        || request.getHeight() % scale != 0) {
      throw unsupported(
          "the model does not make pictures of "
              + request.getWidth()
              + " x "
              + request.getHeight());
    }
  }

  private static void check(GenerationRequest request, ModelCard model, ModelCard refiner) {
    if (!refiner.canRefine(model)) {
      throw unsupported("the refiner does not go on with pictures of the model");
    }
    if (!refiner.limits().allowSize(request.getWidth(), request.getHeight())) {
      throw unsupported("the refiner does not go on with pictures of that size");
    }
    within("refiner_start", (float) request.getRefiner().getStart(), Limits.MAX_PART);
  }

  private static void within(String field, float value, float max) {
    // not NaN either
    if (!(value >= 0 && value <= max)) {
      throw unsupported(field + " is out of its range");
    }
  }

  private Optional<AddedInputs> added(
      GenerationRequest request,
      ModelCard model,
      List<Conditioning> rows,
      Function<Conditioning, Payload> pooled) {
    Map<String, FloatTensor> added = new HashMap<>();
    if (model.unet().textEmbeds()) {
      added.put(AddedInputs.TEXT_EMBEDS, texts(request, model, rows, pooled));
    }
    if (model.unet().timeIds() > 0) {
      added.put(AddedInputs.TIME_IDS, TimeIds.of(request, model.unet().timeIds(), rows));
    }
    int size = model.unet().guidanceSize();
    if (size > 0) {
      float[] embedding = GuidanceEmbedding.of(request.getGuidanceScale(), size);
      FloatBuffer all = FloatBuffer.allocate(rows.size() * size);
      rows.forEach(row -> all.put(embedding));
      added.put(
          AddedInputs.TIMESTEP_COND, new FloatTensor(new long[] {rows.size(), size}, all.array()));
    }
    if (model.unet().guidance()) {
      float[] scales = new float[rows.size()];
      Arrays.fill(scales, request.getGuidanceScale());
      added.put(AddedInputs.GUIDANCE, new FloatTensor(new long[] {rows.size()}, scales));
    }
    return added.isEmpty() ? Optional.empty() : Optional.of(new AddedInputs(added));
  }

  /** [conditionings, size] */
  private FloatTensor texts(
      GenerationRequest request,
      ModelCard model,
      List<Conditioning> rows,
      Function<Conditioning, Payload> pooled) {
    int size = model.pooledSize();
    FloatBuffer texts = FloatBuffer.allocate(rows.size() * size);
    for (Conditioning row : rows) {
      texts.put(
          TensorRecords.require(
                  TensorRecords.fromRecord(payloads.apply(request.getTenant(), pooled.apply(row))),
                  "A pooled text",
                  1,
                  size)
              .data());
    }
    return new FloatTensor(new long[] {rows.size(), size}, texts.array());
  }

  /**
   * [conditionings, tokens, width]; short texts end in zeros. They are read one by one into what
   * they end in: all of them at once would be there twice.
   */
  private FloatTensor contexts(
      GenerationRequest request,
      ModelCard model,
      List<Conditioning> conditionings,
      Function<Conditioning, Payload> of) {
    int width = model.unet().contextSize();
    int tokens = PlanMemory.tokens(model, conditionings, of);
    FloatTensor contexts = FloatTensor.zeros(conditionings.size(), tokens, width);
    int at = 0;
    for (Conditioning conditioning : conditionings) {
      readEmbedding(request.getTenant(), of.apply(conditioning), model, contexts.data(), at);
      at += tokens * width;
    }
    return contexts;
  }

  private void readEmbedding(
      String tenant, Payload payload, ModelCard model, float[] into, int at) {
    int width = model.unet().contextSize();
    int maxRows = PlanMemory.maxTokens(model);
    FloatTensor embedding = TensorRecords.fromRecord(payloads.apply(tenant, payload));
    long rows = embedding.shape().length == 3 ? embedding.shape()[1] : 0;
    if (rows < 1 || rows > maxRows) {
      throw new Failure.Rejected(
          "invalid_tensor", "An embedding does not have 1 to " + maxRows + " rows");
    }
    if (rows != PlanMemory.rows(payload, width)) {
      throw new Failure.Rejected(
          "invalid_tensor", "An embedding does not have the rows that its record says");
    }
    float[] numbers = TensorRecords.require(embedding, "An embedding", 1, rows, width).data();
    System.arraycopy(numbers, 0, into, at, numbers.length);
  }

  static Failure.Rejected unsupported(String reason) {
    return new Failure.Rejected("unsupported_request", "The picture cannot be made: " + reason);
  }
}
