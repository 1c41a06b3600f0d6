package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/**
 * What a model that is being imported is asked with when a request leaves it out: as its family's
 * template says, but for what the checkpoint tells of itself, and what was ordered.
 */
final class ModelDefaults {
  /** Of those that were distilled to so few; one step is enough for some, and poorer. */
  private static final int DISTILLED_STEPS = 4;

  /**
   * The samplers of models that were distilled to few steps without guidance, by the class that
   * their scheduler_config.json names; of Euler's two only with the spacing trailing, on which
   * models of many steps have zero terminal SNR too. SD Turbo and SDXL Lightning have the first,
   * SDXL Turbo the second.
   */
  private static final Map<String, Sampler> DISTILLED =
      Map.of(
          "EulerDiscreteScheduler", Sampler.EULER,
          "EulerAncestralDiscreteScheduler", Sampler.EULER_ANCESTRAL,
          "LCMScheduler", Sampler.LCM,
          "TCDScheduler", Sampler.TCD);

  private final CheckpointFiles files;
  private final ObjectNode manifest;
  private final ObjectNode defaults;

  private ModelDefaults(CheckpointFiles files, ObjectNode manifest) {
    this.files = files;
    this.manifest = manifest;
    this.defaults = manifest.withObject("/defaults");
  }

  /**
   * Puts them into a manifest that has those of the template.
   *
   * @param scheduler what the model's scheduler_config.json will be
   */
  static void into(
      ObjectNode manifest,
      CheckpointFiles files,
      Template template,
      ObjectNode scheduler,
      OrderedDefaults ordered)
      throws IOException {
    ModelDefaults model = new ModelDefaults(files, manifest);
    model.size(template, scheduler);
    if (ModelScheduler.isRescaled(scheduler)) {
      // karras would spend half the steps between levels without signal
      model.sample(Sampler.EULER, Schedule.NORMAL);
    } else {
      model.distilled();
    }
    ordered.steps().ifPresent(steps -> model.defaults.put("steps", steps));
    ordered.guidanceScale().ifPresent(scale -> model.defaults.put("guidance_scale", scale));
    ordered.sampler().ifPresent(sampler -> model.defaults.put("sampler", sampler.id()));
    ordered.schedule().ifPresent(schedule -> model.defaults.put("schedule", schedule.id()));
  }

  /** That which it was trained on: a folder says how many latents, otherwise the family knows. */
  private void size(Template template, ObjectNode scheduler) throws IOException {
    Integer side = template.sizes().get(scheduler.path("prediction_type").asText());
    JsonNode latents = files.json("unet/config.json").map(c -> c.path("sample_size")).orElse(null);
    if (latents != null && latents.isInt()) {
      int stated = latents.intValue() * manifest.at("/vae/scale_factor").asInt();
      JsonNode limits = manifest.path("limits");
      boolean allowed =
          stated >= limits.path("min_width").asInt()
              && stated <= limits.path("max_width").asInt()
              && stated % limits.path("size_multiple").asInt() == 0;
      side = allowed ? Integer.valueOf(stated) : side;
    }
    if (side != null) {
      defaults.put("width", side).put("height", side);
    }
  }

  /** A template of a network that is told its guidance says so itself. */
  private void distilled() throws IOException {
    if (manifest.at("/unet/guidance_size").asInt() > 0
        || manifest.at("/unet/guidance").asBoolean()) {
      return;
    }
    JsonNode own = files.json("scheduler/scheduler_config.json").orElse(null);
    if (own == null) {
      return;
    }
    Optional<Sampler> sampler =
        Optional.ofNullable(DISTILLED.get(own.path("_class_name").asText()));
    boolean always = sampler.filter(s -> s == Sampler.LCM || s == Sampler.TCD).isPresent();
    if (sampler.isPresent()
        && (always || own.path("timestep_spacing").asText().equals("trailing"))) {
      sample(sampler.get(), Schedule.NORMAL);
      defaults.put("steps", DISTILLED_STEPS).put("guidance_scale", 1.0);
    }
  }

  private void sample(Sampler sampler, Schedule schedule) {
    defaults.put("sampler", sampler.id()).put("schedule", schedule.id());
  }
}
