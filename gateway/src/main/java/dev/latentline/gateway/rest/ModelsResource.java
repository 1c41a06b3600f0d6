package dev.latentline.gateway.rest;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Schedule;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.Defaults;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelLimits;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.math.BigDecimal;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** The models of this installation, in the shape that OpenAI's clients read too. */
@Path("/v1/models")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "models")
class ModelsResource {
  private final ModelList models;

  ModelsResource(Catalogue catalogue) {
    List<Integer> upscale =
        Limits.UPSCALE_FACTORS.stream()
            .filter(factor -> factor == 1 || catalogue.upscaler(factor).isPresent())
            .toList();
    this.models =
        new ModelList(
            "list",
            catalogue.models().stream()
                .map(card -> ModelJson.of(card, upscale, catalogue.lorasOf(card)))
                .toList());
  }

  @GET
  @Operation(summary = "The models that a request can name, with what each can be asked for")
  public ModelList list() {
    return models;
  }

  /** All of them. */
  record ModelList(String object, List<ModelJson> data) {}

  /**
   * A model.
   *
   * @param created Unix seconds
   * @param loras names of those that can change it
   * @param digest what a request is pinned to: model may be given as id@digest
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record ModelJson(
      String id,
      String object,
      long created,
      String ownedBy,
      String family,
      String description,
      String digest,
      DefaultsJson defaults,
      LimitsJson limits,
      List<String> loras,
      String licence) {
    static ModelJson of(ModelCard card, List<Integer> upscale, List<LoraCard> loras) {
      return new ModelJson(
          card.name(),
          "model",
          card.created().getEpochSecond(),
          "latentline",
          card.family(),
          card.description(),
          card.digest(),
          DefaultsJson.of(card.defaults()),
          LimitsJson.of(card, upscale),
          loras.stream().map(LoraCard::name).toList(),
          card.licence());
    }
  }

  /** What a request that leaves it out is made with. */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record DefaultsJson(
      int steps, BigDecimal guidanceScale, String sampler, String schedule, int width, int height) {
    static DefaultsJson of(Defaults defaults) {
      return new DefaultsJson(
          defaults.steps(),
          new BigDecimal(Float.toString(defaults.guidanceScale())),
          defaults.sampler().id(),
          defaults.schedule().id(),
          defaults.width(),
          defaults.height());
    }
  }

  /** What a request may ask for. */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record LimitsJson(
      int minWidth,
      int maxWidth,
      int minHeight,
      int maxHeight,
      int sizeMultiple,
      int maxPixels,
      int maxSteps,
      int maxClipSkip,
      int maxCount,
      List<String> samplers,
      List<String> schedules,
      List<Integer> upscale) {
    static LimitsJson of(ModelCard card, List<Integer> upscale) {
      ModelLimits limits = card.limits();
      return new LimitsJson(
          Math.max(limits.minWidth(), Limits.MIN_SIDE),
          Math.min(limits.maxWidth(), Limits.MAX_SIDE),
          Math.max(limits.minHeight(), Limits.MIN_SIDE),
          Math.min(limits.maxHeight(), Limits.MAX_SIDE),
          limits.sizeMultiple(),
          Math.min(limits.maxPixels(), Limits.MAX_PIXELS),
          Math.min(limits.maxSteps(), Limits.MAX_STEPS),
          Math.min(card.maxClipSkip(), Limits.MAX_CLIP_SKIP),
          Limits.MAX_COUNT,
          card.samplers(),
          Schedule.ids(),
          upscale);
    }
  }
}
