package dev.latentline.gateway.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.latentline.contract.InputIds;
import dev.latentline.contract.Preprocessor;
import dev.latentline.contract.PromptSyntax;
import dev.latentline.contract.Rng;
import dev.latentline.gateway.line.GenerationView;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImagePrompt;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/**
 * A generation as the API shows it.
 *
 * @param object always {@code generation}
 * @param status queued, running, succeeded, failed or cancelled
 * @param progress 0 to 1
 * @param queuePosition 0 is next; only while it is queued
 * @param etaMs until the last step of its pictures is made, at the pace so far; absent while nobody
 *     can say
 * @param images those that are stored, ascending by index; also of one that failed
 * @param error of one that failed
 * @param request with every default filled in: sent again, it makes the same pictures
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record GenerationJson(
    String id,
    String object,
    String status,
    double progress,
    Integer queuePosition,
    Long etaMs,
    List<Image> images,
    Error error,
    Times timings,
    Request request) {

  /**
   * A stored picture; hashes are of the file and of its pixels, in hex.
   *
   * @param safety absent where no safety checker looked at it
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Image(
      int index,
      long seed,
      int width,
      int height,
      String sha256,
      String pixelsSha256,
      String contentType,
      long sizeBytes,
      Safety safety,
      String url) {}

  /**
   * What a safety checker found.
   *
   * @param flagged whether it found the picture unsafe
   * @param blurred whether what is stored is blurred
   * @param scores by class, 0 to 1
   */
  public record Safety(boolean flagged, boolean blurred, Map<String, BigDecimal> scores) {
    static Safety of(dev.latentline.proto.v1.Safety safety) {
      Map<String, BigDecimal> scores = new TreeMap<>();
      safety
          .getScoresMap()
          .forEach((name, score) -> scores.put(name, new BigDecimal(Float.toString(score))));
      return new Safety(safety.getFlagged(), safety.getBlurred(), scores);
    }
  }

  /** Why it failed. */
  public record Error(String code, String message) {}

  /** What is not yet known is absent. */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Times(String acceptedAt, String dispatchedAt, String endedAt, String deadlineAt) {}

  /** The fields of POST /v1/generations. */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Request(
      String model,
      String prompt,
      String negativePrompt,
      List<String> styles,
      Boolean dynamicPrompts,
      List<Expanded> expandedPrompts,
      String promptSyntax,
      String emphasis,
      int clipSkip,
      long seed,
      int steps,
      BigDecimal guidanceScale,
      BigDecimal guidanceRescale,
      String sampler,
      String schedule,
      BigDecimal eta,
      BigDecimal sChurn,
      BigDecimal sNoise,
      String rng,
      boolean deterministic,
      String refiner,
      BigDecimal refinerStart,
      List<LoraJson> loras,
      List<String> textualInversions,
      List<ControlJson> controls,
      List<ImagePromptJson> imagePrompts,
      int width,
      int height,
      int upscale,
      String upscaler,
      int count,
      long deadlineS,
      String outputFormat,
      Webhook webhook,
      Map<String, String> metadata) {}

  /** A LoRA, as name@digest. */
  public record LoraJson(String name, BigDecimal weight) {
    static LoraJson of(Lora lora) {
      return new LoraJson(reference(lora.getLora()), decimal(lora.getWeight()));
    }
  }

  /** A picture that steers through a ControlNet, as name@digest. */
  public record ControlJson(
      String name,
      ImageJson image,
      String preprocessor,
      BigDecimal weight,
      BigDecimal start,
      BigDecimal end) {
    static ControlJson of(ControlPicture control) {
      return new ControlJson(
          reference(control.getControlNet()),
          new ImageJson(InputIds.of(control.getInput())),
          control.getPreprocessor().isEmpty() ? Preprocessor.NONE.id() : control.getPreprocessor(),
          decimal(control.getWeight()),
          BigDecimal.valueOf(control.getStart()),
          BigDecimal.valueOf(control.getEnd()));
    }
  }

  /** A picture in the place of words. */
  public record ImagePromptJson(ImageJson image, BigDecimal weight) {
    static ImagePromptJson of(ImagePrompt picture) {
      return new ImagePromptJson(
          new ImageJson(InputIds.of(picture.getInput())), decimal(picture.getWeight()));
    }
  }

  /** A picture of the client's: see POST /v1/inputs. */
  @Schema(name = "ImageSource")
  public record ImageJson(@Schema(required = true) String input) {}

  /**
   * What a picture is made from.
   *
   * @param negativePrompt absent: the request's
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @Schema(name = "ExpandedPrompts")
  public record Expanded(String prompt, String negativePrompt) {
    static Expanded of(ExpandedPrompts prompts) {
      return new Expanded(
          prompts.getPrompt(), prompts.hasNegativePrompt() ? prompts.getNegativePrompt() : null);
    }
  }

  private static String reference(ModelRef pinned) {
    return pinned.getName() + "@" + pinned.getDigest();
  }

  /** Where the webhook goes. */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Webhook(String url, List<String> events) {}

  public static GenerationJson of(GenerationView view) {
    GenerationView.Timings timings = view.timings();
    return new GenerationJson(
        view.id(),
        "generation",
        view.status().name().toLowerCase(Locale.ROOT),
        view.progress(),
        view.queuePosition().isPresent() ? view.queuePosition().getAsInt() : null,
        view.etaMs().isPresent() ? view.etaMs().getAsLong() : null,
        view.images().stream().map(image -> image(view.id(), image)).toList(),
        view.failure().map(failure -> new Error(failure.code(), failure.message())).orElse(null),
        new Times(
            time(OptionalLong.of(timings.acceptedAtMs())),
            time(timings.dispatchedAtMs()),
            time(timings.endedAtMs()),
            time(OptionalLong.of(view.request().getDeadlineMs()))),
        request(view.request()));
  }

  static String path(String id) {
    return "/v1/generations/" + id;
  }

  private static Image image(String id, GenerationView.StoredImage image) {
    return new Image(
        image.index(),
        image.seed(),
        image.width(),
        image.height(),
        image.sha256(),
        image.pixelsSha256(),
        image.contentType(),
        image.sizeBytes(),
        image.safety().map(Safety::of).orElse(null),
        path(id) + "/images/" + image.index());
  }

  /** Sent again, it makes the same pictures. */
  static Request request(GenerationRequest request) {
    return new Request(
        request.getModel().getName() + "@" + request.getModel().getDigest(),
        request.getPrompt(),
        request.getNegativePrompt(),
        request.getStylesCount() == 0 ? null : request.getStylesList(),
        request.getDynamicPrompts() ? true : null,
        request.getExpandedPromptsCount() == 0
            ? null
            : request.getExpandedPromptsList().stream().map(Expanded::of).toList(),
        request.getPromptSyntax().isEmpty() ? PromptSyntax.PLAIN.id() : request.getPromptSyntax(),
        request.getEmphasis().isEmpty() ? null : request.getEmphasis(),
        Math.max(1, request.getClipSkip()),
        request.getSeed(),
        request.getSteps(),
        decimal(request.getGuidanceScale()),
        decimal(request.getGuidanceRescale()),
        request.getSampler(),
        request.getSchedule(),
        request.hasEta() ? decimal(request.getEta()) : null,
        request.getSChurn() > 0 ? decimal(request.getSChurn()) : null,
        request.hasSNoise() ? decimal(request.getSNoise()) : null,
        request.getRng().isEmpty() ? Rng.NV.id() : request.getRng(),
        request.getDeterministic(),
        request.hasRefiner() ? reference(request.getRefiner().getRefiner()) : null,
        request.hasRefiner() ? BigDecimal.valueOf(request.getRefiner().getStart()) : null,
        request.getLorasCount() > 0
            ? request.getLorasList().stream().map(LoraJson::of).toList()
            : null,
        // also when there are none: sent again, the words of those imported since are words
        request.getTextualInversionsList().stream().map(GenerationJson::reference).toList(),
        request.getControlsCount() > 0
            ? request.getControlsList().stream().map(ControlJson::of).toList()
            : null,
        request.getImagePromptsCount() > 0
            ? request.getImagePromptsList().stream().map(ImagePromptJson::of).toList()
            : null,
        request.getWidth(),
        request.getHeight(),
        Math.max(1, request.getUpscale().getFactor()),
        request.hasUpscale() ? reference(request.getUpscale().getUpscaler()) : null,
        request.getCount(),
        (request.getDeadlineMs() - request.getAcceptedAtMs()) / 1000,
        request.getOutputFormat(),
        request.hasWebhook()
            ? new Webhook(request.getWebhook().getUrl(), request.getWebhook().getEventsList())
            : null,
        request.getMetadataMap());
  }

  /** A float's own shortest decimal, not that of the double beside it. */
  private static BigDecimal decimal(float value) {
    return new BigDecimal(Float.toString(value));
  }

  private static String time(OptionalLong unixMillis) {
    return unixMillis.isPresent() ? Instant.ofEpochMilli(unixMillis.getAsLong()).toString() : null;
  }
}
