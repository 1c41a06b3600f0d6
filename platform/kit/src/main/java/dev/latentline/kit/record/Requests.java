package dev.latentline.kit.record;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Preprocessor;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImagePrompt;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.Refiner;
import java.util.regex.Pattern;

/**
 * Holds the request in a record to the limits again: whoever can write to a topic is not always the
 * gateway, and names become keys of the store and names of topics.
 */
public final class Requests {
  private static final Pattern NAME = Pattern.compile(Limits.NAME_PATTERN);
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  private Requests() {}

  /**
   * @throws Failure.Rejected with code {@code unreadable_record} when the request is of another
   *     generation than the record's header says, or not one that the gateway lets in
   */
  public static void check(WorkItem item, GenerationRequest request) {
    require(request.getGenerationId().equals(item.generationId()), "the generation");
    require(NAME.matcher(request.getTenant()).matches(), "the tenant");
    require(NAME.matcher(request.getPool()).matches(), "the pool");
    checkPrompts(request);
    require(within(request.getClipSkip(), 0, Limits.MAX_CLIP_SKIP), "clip_skip");
    number("guidance_scale", request.getGuidanceScale(), Limits.MAX_GUIDANCE_SCALE);
    number("guidance_rescale", request.getGuidanceRescale(), Limits.MAX_PART);
    number("eta", request.getEta(), Limits.MAX_PART);
    number("s_churn", request.getSChurn(), Limits.MAX_CHURN);
    number("s_noise", request.getSNoise(), Limits.MAX_NOISE_SCALE);
    require(request.getLorasCount() <= Limits.MAX_LORAS, "loras");
    for (Lora lora : request.getLorasList()) {
      require(NAME.matcher(lora.getLora().getName()).matches(), "a LoRA");
      require(Math.abs(lora.getWeight()) <= Limits.MAX_LORA_WEIGHT, "the weight of a LoRA");
    }
    require(
        request.getControlsCount() <= Limits.MAX_CONTROLS
            && request.getControlsList().stream().allMatch(Requests::isControl),
        "controls");
    require(
        request.getImagePromptsList().stream()
            .allMatch(each -> SHA256.matcher(each.getInput()).matches()),
        "image_prompts");
    require(isSide(request.getWidth()), "width");
    require(isSide(request.getHeight()), "height");
    require(request.getWidth() * request.getHeight() <= Limits.MAX_PIXELS, "the size");
    require(!request.hasUpscale() || isUpscale(request), "upscale");
    require(within(request.getSeed(), 0, Limits.MAX_SEED - (request.getCount() - 1)), "seed");
  }

  /**
   * Of a request that is no record's only what decides how its prompts are read.
   *
   * @throws Failure.Rejected as {@link #check(WorkItem, GenerationRequest)}
   */
  public static void checkPrompts(GenerationRequest request) {
    require(NAME.matcher(request.getModel().getName()).matches(), "the model");
    require(!request.hasRefiner() || isRefiner(request.getRefiner()), "refiner");
    require(isProse(request.getPrompt()), "the length of the prompt");
    require(isProse(request.getNegativePrompt()), "the length of the negative prompt");
    require(within(request.getCount(), Limits.MIN_COUNT, Limits.MAX_COUNT), "count");
    require(areForItsImages(request), "expanded_prompts");
    require(within(request.getSteps(), Limits.MIN_STEPS, Limits.MAX_STEPS), "steps");
    require(
        request.getTextualInversionsCount() <= Limits.MAX_TEXTUAL_INVERSIONS
            && request.getTextualInversionsList().stream()
                .allMatch(pinned -> NAME.matcher(pinned.getName()).matches()),
        "textual_inversions");
    require(
        request.getImagePromptsCount() <= Limits.MAX_IMAGE_PROMPTS
            && request.getImagePromptsList().stream()
                .mapToDouble(ImagePrompt::getWeight)
                // not NaN either
                .allMatch(weight -> weight >= 0 && weight <= Limits.MAX_IMAGE_PROMPT_WEIGHT),
        "image_prompts");
  }

  /**
   * Of a record of one picture, the index too.
   *
   * @throws Failure.Rejected as {@link #check(WorkItem, GenerationRequest)}
   */
  public static void check(WorkItem item, GenerationRequest request, int imageIndex) {
    check(item, request);
    require(within(imageIndex, 0, request.getCount() - 1), "image_index");
  }

  private static void number(String what, float value, float max) {
    // not NaN either
    require(value >= 0 && value <= max, what);
  }

  private static boolean areForItsImages(GenerationRequest request) {
    int expanded = request.getExpandedPromptsCount();
    return (expanded <= 1 || expanded == request.getCount())
        && request.getExpandedPromptsList().stream()
            .allMatch(each -> isProse(each.getPrompt()) && isProse(each.getNegativePrompt()));
  }

  private static boolean isUpscale(GenerationRequest request) {
    int factor = request.getUpscale().getFactor();
    return factor > 1
        && Limits.UPSCALE_FACTORS.contains(factor)
        && Math.max(request.getWidth(), request.getHeight()) * factor <= Limits.MAX_SIDE
        && NAME.matcher(request.getUpscale().getUpscaler().getName()).matches();
  }

  private static boolean isControl(ControlPicture control) {
    // not NaN either
    return NAME.matcher(control.getControlNet().getName()).matches()
        && SHA256.matcher(control.getInput()).matches()
        && (control.getPreprocessor().isEmpty()
            || Preprocessor.byId(control.getPreprocessor()).isPresent())
        && control.getWeight() >= 0
        && control.getWeight() <= Limits.MAX_CONTROL_WEIGHT
        && control.getStart() >= 0
        && control.getStart() <= control.getEnd()
        && control.getEnd() <= Limits.MAX_PART;
  }

  private static boolean isRefiner(Refiner refiner) {
    // not NaN either
    return NAME.matcher(refiner.getRefiner().getName()).matches()
        && refiner.getStart() >= 0
        && refiner.getStart() <= Limits.MAX_PART;
  }

  private static boolean isProse(String text) {
    return text.codePointCount(0, text.length()) <= Limits.MAX_PROMPT_CODE_POINTS;
  }

  private static boolean isSide(int pixels) {
    return within(pixels, Limits.MIN_SIDE, Limits.MAX_SIDE) && pixels % Limits.SIZE_MULTIPLE == 0;
  }

  /** The unsigned numbers of a message are negative here when they are too large. */
  private static boolean within(long value, long min, long max) {
    return value >= min && value <= max;
  }

  private static void require(boolean fulfilled, String what) {
    if (!fulfilled) {
      throw new Failure.Rejected(
          "unreadable_record", what + " of the request is none that is let in");
    }
  }
}
