package dev.latentline.decoder.picture;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.contract.PromptSyntax;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sha256;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import java.io.IOException;
import java.util.List;

/**
 * What is known of a stored picture: the object {index}.json beside it.
 *
 * @param sha256 of the file
 * @param pixelsSha256 of the pixels as RGB bytes in row-major order
 * @param model name@digest
 * @param upscaler name@digest of what made it larger; null where nothing did
 * @param runtimeClass what denoised it; the same request gives the same pixels within one class
 * @param safety what a safety checker found; null where none looked
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonPropertyOrder({
  "index",
  "seed",
  "width",
  "height",
  "content_type",
  "size_bytes",
  "sha256",
  "pixels_sha256"
})
public record PictureRecord(
    int index,
    long seed,
    int width,
    int height,
    String contentType,
    long sizeBytes,
    String sha256,
    String pixelsSha256,
    String model,
    String upscaler,
    Runtime runtimeClass,
    SafetyRecord safety,
    Parameters parameters) {

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          // written by a later version
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  /** See the message RuntimeClass of the contract. */
  public record Runtime(
      String provider, String onnxruntimeVersion, String device, int intraOpThreads, int batch) {}

  /** What was asked for, by the API's names; null where the sampler does not take it. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Parameters(
      String prompt,
      String negativePrompt,
      String promptSyntax,
      String emphasis,
      int clipSkip,
      int steps,
      float guidanceScale,
      float guidanceRescale,
      String sampler,
      String schedule,
      Float eta,
      Float sChurn,
      Float sNoise,
      String rng,
      String refiner,
      Double refinerStart,
      List<LoraUsed> loras,
      List<String> textualInversions,
      int upscale) {}

  /** A LoRA, as name@digest. */
  public record LoraUsed(String name, float weight) {}

  public static PictureRecord of(Picture picture) {
    GenerationRequest request = picture.request();
    return new PictureRecord(
        picture.index(),
        picture.seed(),
        picture.pixels().width(),
        picture.pixels().height(),
        Picture.CONTENT_TYPE,
        picture.file().length,
        Sha256.hex(picture.file()),
        picture.pixels().sha256(),
        reference(request.getModel()),
        request.hasUpscale() ? reference(request.getUpscale().getUpscaler()) : null,
        new Runtime(
            picture.runtime().getProvider(),
            picture.runtime().getOnnxruntimeVersion(),
            picture.runtime().getDevice(),
            picture.runtime().getIntraOpThreads(),
            picture.runtime().getBatch()),
        picture.safety().map(SafetyRecord::of).orElse(null),
        new Parameters(
            request.getPrompt(),
            request.getNegativePrompt(),
            request.getPromptSyntax().isEmpty()
                ? PromptSyntax.PLAIN.id()
                : request.getPromptSyntax(),
            request.getEmphasis().isEmpty() ? null : request.getEmphasis(),
            Math.max(1, request.getClipSkip()),
            request.getSteps(),
            request.getGuidanceScale(),
            request.getGuidanceRescale(),
            request.getSampler(),
            request.getSchedule(),
            request.hasEta() ? request.getEta() : null,
            request.getSChurn() > 0 ? request.getSChurn() : null,
            request.hasSNoise() ? request.getSNoise() : null,
            request.getRng().isEmpty() ? Rng.NV.id() : request.getRng(),
            request.hasRefiner() ? reference(request.getRefiner().getRefiner()) : null,
            request.hasRefiner() ? request.getRefiner().getStart() : null,
            loras(request),
            textualInversions(request),
            Math.max(1, request.getUpscale().getFactor())));
  }

  private static List<LoraUsed> loras(GenerationRequest request) {
    return request.getLorasCount() == 0
        ? null
        : request.getLorasList().stream()
            .map(lora -> new LoraUsed(reference(lora.getLora()), lora.getWeight()))
            .toList();
  }

  /** As name@digest. */
  private static List<String> textualInversions(GenerationRequest request) {
    return request.getTextualInversionsCount() == 0
        ? null
        : request.getTextualInversionsList().stream().map(PictureRecord::reference).toList();
  }

  private static String reference(ModelRef model) {
    return model.getName() + "@" + model.getDigest();
  }

  /** UTF-8 JSON, the same bytes for the same record. */
  public byte[] toJson() {
    try {
      return JSON.writeValueAsBytes(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of text and numbers can be written", e);
    }
  }

  /**
   * @throws IOException when it is no such record
   */
  public static PictureRecord fromJson(byte[] json) throws IOException {
    return JSON.readValue(json, PictureRecord.class);
  }
}
