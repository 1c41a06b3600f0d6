package dev.latentline.gateway.rest;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Schedule;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.inference.catalogue.Defaults;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelLimits;
import dev.latentline.inference.catalogue.TextualInversionCard;
import dev.latentline.inference.catalogue.UpscalerCard;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
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
                .map(card -> ModelJson.of(card, upscale, catalogue))
                .toList(),
            catalogue.upscalers().stream().map(UpscalerJson::of).toList(),
            catalogue.controlNets().stream().map(ControlNetJson::of).toList());
  }

  @GET
  @Operation(summary = "The models that a request can name, with what each can be asked for")
  public ModelList list() {
    return models;
  }

  @GET
  @Path("/{id}")
  @Operation(summary = "A model, by its id, an alias, or id@digest")
  @APIResponse(
      responseCode = "200",
      content = @Content(schema = @Schema(implementation = ModelJson.class)))
  @APIResponse(responseCode = "404", description = "There is none of that id or digest")
  public ModelJson get(@PathParam("id") String id) {
    return models.data().stream()
        .filter(model -> model.isCalled(id))
        .findFirst()
        .orElseThrow(
            () ->
                new ProblemException(
                    Problem.of(
                        404,
                        "model_not_found",
                        "There is no such model, or not with that digest: see GET /v1/models")));
  }

  /**
   * All of them.
   *
   * @param upscalers what makes their pictures larger; the first that makes a factor is taken where
   *     a request names none
   * @param controlnets what makes their pictures follow others
   */
  record ModelList(
      String object,
      List<ModelJson> data,
      List<UpscalerJson> upscalers,
      List<ControlNetJson> controlnets) {}

  /**
   * A ControlNet.
   *
   * @param digest what a request is pinned to: name may be given as id@digest
   */
  @Schema(name = "ControlNet")
  record ControlNetJson(
      String id, long created, String description, String digest, String licence) {
    static ControlNetJson of(ControlNetCard card) {
      return new ControlNetJson(
          card.name(),
          card.created().getEpochSecond(),
          card.description(),
          card.digest(),
          card.licence());
    }
  }

  /**
   * An upscaler.
   *
   * @param factors what width and height can be multiplied by
   * @param digest what a request is pinned to: upscaler may be given as id@digest
   */
  @Schema(name = "Upscaler")
  record UpscalerJson(
      String id,
      long created,
      String description,
      String digest,
      List<Integer> factors,
      String licence) {
    static UpscalerJson of(UpscalerCard card) {
      return new UpscalerJson(
          card.name(),
          card.created().getEpochSecond(),
          card.description(),
          card.digest(),
          card.factors(),
          card.licence());
    }
  }

  /**
   * A model.
   *
   * @param aliases other names that a request can use
   * @param created Unix seconds
   * @param capabilities what requests can ask of it
   * @param loras names of those that can change it
   * @param refiners names of those that can make the last steps of its pictures
   * @param textualInversions words that it has learnt besides its own
   * @param controlnets names of those that can steer it
   * @param digest what a request is pinned to: model may be given as id@digest
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record ModelJson(
      String id,
      List<String> aliases,
      String object,
      long created,
      String ownedBy,
      String family,
      String description,
      String digest,
      List<String> capabilities,
      DefaultsJson defaults,
      LimitsJson limits,
      List<String> loras,
      List<String> refiners,
      List<String> textualInversions,
      List<String> controlnets,
      String licence) {
    static ModelJson of(ModelCard card, List<Integer> upscale, Catalogue catalogue) {
      return new ModelJson(
          card.name(),
          catalogue.aliasesOf(card),
          "model",
          card.created().getEpochSecond(),
          "latentline",
          card.family(),
          card.description(),
          card.digest(),
          capabilities(card, upscale, !catalogue.refinersOf(card).isEmpty()),
          DefaultsJson.of(card),
          LimitsJson.of(card, upscale),
          catalogue.lorasOf(card).stream().map(LoraCard::name).toList(),
          catalogue.refinersOf(card).stream().map(ModelCard::name).toList(),
          catalogue.textualInversionsOf(card).stream().map(TextualInversionCard::name).toList(),
          catalogue.controlNetsOf(card).stream().map(ControlNetCard::name).toList(),
          card.licence());
    }

    private boolean isCalled(String reference) {
      return reference.equals(id)
          || reference.equals(id + "@" + digest)
          || aliases.contains(reference);
    }

    private static List<String> capabilities(
        ModelCard card, List<Integer> upscale, boolean refined) {
      Map<String, Boolean> all = new LinkedHashMap<>();
      all.put("text_to_image", true);
      all.put("prompt_weights", card.hasChunks());
      all.put("loras", card.takesLoras());
      all.put("refiner", refined);
      all.put("controls", card.unet().controlled().isPresent());
      all.put("image_prompts", card.imagePrompt().isPresent());
      all.put("previews", card.vae().latentRgb().isPresent());
      all.put("upscale", upscale.size() > 1);
      return all.entrySet().stream().filter(Map.Entry::getValue).map(Map.Entry::getKey).toList();
    }
  }

  /** What a request that leaves it out is made with. */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record DefaultsJson(
      int steps,
      BigDecimal guidanceScale,
      String sampler,
      String schedule,
      String promptSyntax,
      int width,
      int height) {
    static DefaultsJson of(ModelCard card) {
      Defaults defaults = card.defaults();
      return new DefaultsJson(
          defaults.steps(),
          new BigDecimal(Float.toString(defaults.guidanceScale())),
          defaults.sampler().id(),
          defaults.schedule().id(),
          card.promptSyntax().id(),
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
      int minSteps,
      int maxSteps,
      float minGuidanceScale,
      float maxGuidanceScale,
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
          Limits.MIN_STEPS,
          Math.min(limits.maxSteps(), Limits.MAX_STEPS),
          Limits.MIN_GUIDANCE_SCALE,
          Limits.MAX_GUIDANCE_SCALE,
          Math.min(card.maxClipSkip(), Limits.MAX_CLIP_SKIP),
          Limits.MAX_COUNT,
          card.samplers(),
          Schedule.ids(),
          upscale);
    }
  }
}
