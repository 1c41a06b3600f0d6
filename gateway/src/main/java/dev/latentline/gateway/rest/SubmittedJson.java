package dev.latentline.gateway.rest;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/**
 * The body of POST /v1/generations for the OpenAPI document; what is read, and how strictly, is the
 * request package's.
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@Schema(name = "Submission")
record SubmittedJson(
    @Schema(required = true, description = "name or name@digest: see GET /v1/models") String model,
    @Schema(maxLength = 32000, description = "may be left out where image_prompts say it all")
        String prompt,
    @Schema(maxLength = 32000) String negativePrompt,
    @Schema(maxItems = 8, description = "names of GET /v1/styles, put around both prompts")
        List<String> styles,
    @Schema(
            defaultValue = "false",
            description =
                "whether {a|b} and __wildcards__ in both prompts are choices, by the seed")
        Boolean dynamicPrompts,
    @Schema(description = "what they became: one for each picture, or one for all")
        List<GenerationJson.Expanded> expandedPrompts,
    @Schema(
            enumeration = {"plain", "a1111", "midjourney"},
            description = "how prompts are read; without it as the model's users write them")
        String promptSyntax,
    @Schema(
            enumeration = {"original", "no_norm", "ignore", "none"},
            description = "what weights in prompts do; original where prompt_syntax is a1111")
        String emphasis,
    @Schema(
            minimum = "1",
            maximum = "12",
            defaultValue = "1",
            description = "2 uses the text encoder's layer before the last, and so on")
        Integer clipSkip,
    @Schema(minimum = "0", maximum = "9007199254740991", description = "image n has seed + n")
        Long seed,
    @Schema(minimum = "1", maximum = "150") Integer steps,
    @Schema(minimum = "0", maximum = "30") Float guidanceScale,
    @Schema(minimum = "0", maximum = "1", defaultValue = "0") Float guidanceRescale,
    @Schema(
            enumeration = {
              "ddim",
              "euler",
              "euler_a",
              "heun",
              "dpm2",
              "dpm2_a",
              "dpmpp_2s_a",
              "dpmpp_2m",
              "dpmpp_sde",
              "dpmpp_2m_sde",
              "dpmpp_2m_sde_heun",
              "dpmpp_3m_sde",
              "unipc",
              "deis",
              "lms",
              "pndm",
              "lcm",
              "tcd"
            })
        String sampler,
    @Schema(
            enumeration = {
              "normal",
              "uniform",
              "sgm_uniform",
              "simple",
              "karras",
              "exponential",
              "beta"
            })
        String schedule,
    @Schema(
            minimum = "0",
            maximum = "1",
            description = "noise that steps add, of samplers that add any")
        Float eta,
    @Schema(minimum = "0", maximum = "100", defaultValue = "0") Float sChurn,
    @Schema(minimum = "0", maximum = "2", defaultValue = "1") Float sNoise,
    @Schema(
            enumeration = {"nv", "cpu"},
            defaultValue = "nv",
            description = "noise as NVIDIA's GPUs or as PyTorch's CPU generator draws it")
        String rng,
    @Schema(
            defaultValue = "false",
            description = "on a GPU: the same bits whatever is made beside it, for some speed")
        Boolean deterministic,
    @Schema(description = "what makes the last steps: name or name@digest, see GET /v1/models")
        String refiner,
    @Schema(
            minimum = "0",
            maximum = "1",
            defaultValue = "0.8",
            description = "where it takes over, from noise to picture")
        Double refinerStart,
    @Schema(maxItems = 8, description = "what the model is changed by, beside tags in the prompt")
        List<LoraUse> loras,
    @Schema(
            maxItems = 32,
            description =
                "words of the prompts that are read as such; without it all, see GET /v1/models")
        List<String> textualInversions,
    @Schema(maxItems = 4, description = "pictures that steer it, see GET /v1/models")
        List<ControlUse> controls,
    @Schema(maxItems = 4, description = "pictures that say what is to be seen, as the prompt does")
        List<ImagePromptUse> imagePrompts,
    @Schema(minimum = "64", maximum = "4096") Integer width,
    @Schema(minimum = "64", maximum = "4096") Integer height,
    @Schema(
            enumeration = {"1", "2", "4"},
            defaultValue = "1",
            description = "what is stored is so many times as wide and high, up to 4096")
        Integer upscale,
    @Schema(description = "name or name@digest of GET /v1/models; without it the one that ships")
        String upscaler,
    @Schema(minimum = "1", maximum = "16") Integer count,
    @Schema(minimum = "1", maximum = "86400", defaultValue = "3600") Integer deadlineS,
    @Schema(enumeration = "png") String outputFormat,
    Hook webhook,
    @Schema(description = "up to 16 entries, given back everywhere") Map<String, String> metadata) {

  /** A LoRA: name or name@digest, see GET /v1/models; and by how much. */
  @Schema(name = "Lora")
  record LoraUse(
      @Schema(required = true) String name,
      @Schema(minimum = "-10", maximum = "10", defaultValue = "1") Float weight) {}

  /**
   * A picture that steers through a ControlNet: name or name@digest, see GET /v1/models; the part
   * of the steps in which it does.
   */
  @Schema(name = "Control")
  record ControlUse(
      @Schema(required = true) String name,
      @Schema(required = true) GenerationJson.ImageJson image,
      @Schema(
              enumeration = {"none", "canny"},
              defaultValue = "none",
              description = "what becomes of the picture first")
          String preprocessor,
      @Schema(minimum = "0", maximum = "2", defaultValue = "1") Float weight,
      @Schema(minimum = "0", maximum = "1", defaultValue = "0") Double start,
      @Schema(minimum = "0", maximum = "1", defaultValue = "1") Double end) {}

  /** A picture in the place of words, and its weight, where that of the prompt is 1. */
  @Schema(name = "ImagePrompt")
  record ImagePromptUse(
      @Schema(required = true) GenerationJson.ImageJson image,
      @Schema(minimum = "0", maximum = "3", defaultValue = "1") Float weight) {}

  /** Where the webhook goes, and for which events; none means all. */
  @Schema(name = "Webhook")
  record Hook(
      @Schema(required = true, maxLength = 2048) String url,
      @Schema(enumeration = {"generation.succeeded", "generation.failed", "generation.cancelled"})
          List<String> events) {}
}
