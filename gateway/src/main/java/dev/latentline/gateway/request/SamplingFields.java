package dev.latentline.gateway.request;

import dev.latentline.contract.Limits;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.inference.catalogue.Defaults;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.SchedulerConfig;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** How the picture is denoised. */
final class SamplingFields {
  static final List<String> NAMES =
      List.of(
          "steps",
          "guidance_scale",
          "guidance_rescale",
          "sampler",
          "schedule",
          "eta",
          "s_churn",
          "s_noise",
          "rng",
          "deterministic");

  private final Fields fields;
  private final Optional<ModelCard> card;
  private final GenerationRequest.Builder request;

  private SamplingFields(
      Fields fields, Optional<ModelCard> card, GenerationRequest.Builder request) {
    this.fields = fields;
    this.card = card;
    this.request = request;
  }

  static void read(
      Fields fields, Optional<ModelCard> card, int mostSteps, GenerationRequest.Builder request) {
    SamplingFields sampling = new SamplingFields(fields, card, request);
    sampling.steps(mostSteps);
    sampling.guidance();
    sampling.sampler().ifPresent(sampling::options);
    request.setRng(fields.oneOf("rng", Rng.ids()).orElse(Rng.NV.id()));
    request.setDeterministic(fields.flag("deterministic").orElse(false));
  }

  private void steps(int mostSteps) {
    int max = Math.min(mostSteps, card.map(c -> c.limits().maxSteps()).orElse(mostSteps));
    request.setSteps(
        (int)
            fields
                .integer("steps", Limits.MIN_STEPS, max)
                .orElse(card.map(c -> c.defaults().steps()).orElse(Limits.MIN_STEPS)));
  }

  private void guidance() {
    request.setGuidanceScale(
        (float)
            fields
                .decimal("guidance_scale", Limits.MIN_GUIDANCE_SCALE, Limits.MAX_GUIDANCE_SCALE)
                .orElse(
                    card.map(c -> c.defaults().guidanceScale()).orElse(Limits.MIN_GUIDANCE_SCALE)));
    request.setGuidanceRescale(
        (float) fields.decimal("guidance_rescale", 0, Limits.MAX_PART).orElse(0));
  }

  /** Empty where something is wrong with the field. */
  private Optional<Sampler> sampler() {
    Optional<Defaults> defaults = card.map(ModelCard::defaults);
    List<String> offered = card.map(ModelCard::samplers).orElse(Sampler.ids());
    Optional<String> asked = fields.oneOf("sampler", offered);
    Optional<Sampler> sampler =
        fields.has("sampler") ? asked.flatMap(Sampler::byId) : defaults.map(Defaults::sampler);
    sampler.ifPresent(known -> request.setSampler(known.id()));
    request.setSchedule(
        fields
            .oneOf("schedule", Schedule.ids())
            .orElse(defaults.map(Defaults::schedule).orElse(Schedule.NORMAL).id()));
    return sampler;
  }

  private void options(Sampler sampler) {
    if (applies("eta", sampler, s -> s.defaultEta().isPresent())) {
      double own = sampler.defaultEta().getAsDouble();
      request.setEta((float) fields.decimal("eta", 0, Limits.MAX_PART).orElse(own));
    }
    if (!isChurnOfFlow() && applies("s_churn", sampler, Sampler::churns)) {
      request.setSChurn((float) fields.decimal("s_churn", 0, Limits.MAX_CHURN).orElse(0));
    }
    if (applies("s_noise", sampler, Sampler::takesNoiseScale)) {
      request.setSNoise((float) fields.decimal("s_noise", 0, Limits.MAX_NOISE_SCALE).orElse(1));
    }
  }

  /** Noise on top of a sigma is more than there can be in a mixture of picture and noise. */
  private boolean isChurnOfFlow() {
    boolean flow =
        card.filter(c -> c.scheduler().predictionType() == SchedulerConfig.PredictionType.FLOW)
            .isPresent();
    if (flow && fields.has("s_churn")) {
      fields.add(
          "s_churn", "not_applicable", "Models that were trained by flow matching do not take it");
    }
    return flow;
  }

  /** What would have no effect is an error, not a surprise. */
  private boolean applies(String field, Sampler sampler, Predicate<Sampler> takesIt) {
    if (takesIt.test(sampler)) {
      return true;
    }
    if (fields.has(field)) {
      List<String> takers = Sampler.ids(Arrays.stream(Sampler.values()).filter(takesIt));
      fields.add(
          field,
          "not_applicable",
          "The sampler " + sampler.id() + " does not take it; these do: " + takers);
    }
    return false;
  }
}
