package dev.latentline.decoder.infotext;

import dev.latentline.contract.Emphasis;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.contract.TriggerWords;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImagePrompt;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/**
 * The parameters of a picture in AUTOMATIC1111's form, which its users' tools read: the prompt, a
 * line "Negative prompt: ..." where there is one, and a line of "Key: value" separated by commas.
 */
public final class Infotext {
  /** The text chunk's keyword. */
  public static final String KEYWORD = "parameters";

  private static final int HASH_DIGITS = 10;
  private static final String DIGEST_PREFIX = "sha256:";

  private Infotext() {}

  /**
   * The text of one picture.
   *
   * @param seed the picture's own
   * @param version of Latentline
   */
  public static String of(GenerationRequest request, long seed, String version) {
    StringBuilder text = new StringBuilder(request.getPrompt());
    for (Lora lora : request.getLorasList()) {
      // where that tool has them: in the prompt
      text.append(" <lora:")
          .append(lora.getLora().getName())
          .append(':')
          .append(number(lora.getWeight()))
          .append('>');
    }
    if (!request.getNegativePrompt().isEmpty()) {
      text.append("\nNegative prompt: ").append(request.getNegativePrompt());
    }
    StringJoiner line = new StringJoiner(", ");
    values(request, seed, version)
        .forEach((key, value) -> line.add(key + ": " + quotedWhereNeeded(value)));
    // as there: one without a prompt begins with the line behind it
    return text.append('\n').append(line).toString().strip();
  }

  private static Map<String, String> values(GenerationRequest request, long seed, String version) {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("Steps", Integer.toUnsignedString(request.getSteps()));
    values.put(
        "Sampler",
        Sampler.byId(request.getSampler()).map(Sampler::label).orElse(request.getSampler()));
    values.put(
        "Schedule type",
        Schedule.byId(request.getSchedule()).map(Schedule::label).orElse(request.getSchedule()));
    values.put("CFG scale", number(request.getGuidanceScale()));
    values.put("Seed", Long.toUnsignedString(seed));
    values.put("Size", request.getWidth() + "x" + request.getHeight());
    values.put("Model hash", modelHash(request.getModel().getDigest()));
    values.put("Model", request.getModel().getName());
    Sampler.byId(request.getSampler())
        .filter(sampler -> request.hasEta() && isChosen(request.getEta(), sampler.defaultEta()))
        .ifPresent(
            sampler ->
                values.put(sampler == Sampler.DDIM ? "Eta DDIM" : "Eta", number(request.getEta())));
    if (request.getSChurn() > 0) {
      values.put("Sigma churn", number(request.getSChurn()));
    }
    if (request.hasSNoise() && request.getSNoise() != 1) {
      values.put("Sigma noise", number(request.getSNoise()));
    }
    if (request.getGuidanceRescale() > 0) {
      values.put("CFG rescale", number(request.getGuidanceRescale()));
    }
    if (request.getClipSkip() > 1) {
      values.put("Clip skip", Integer.toUnsignedString(request.getClipSkip()));
    }
    Emphasis.byId(request.getEmphasis())
        .filter(emphasis -> emphasis != Emphasis.ORIGINAL)
        .ifPresent(emphasis -> values.put("Emphasis", emphasis.label()));
    values.put("RNG", Rng.byId(request.getRng()).orElse(Rng.NV).label());
    if (request.getLorasCount() > 0) {
      values.put(
          "Lora hashes",
          request.getLorasList().stream()
              .map(lora -> lora.getLora().getName() + ": " + modelHash(lora.getLora().getDigest()))
              .collect(Collectors.joining(", ")));
    }
    for (int i = 0; i < request.getControlsCount(); i++) {
      values.put("ControlNet " + i, control(request.getControls(i)));
    }
    for (int i = 0; i < request.getImagePromptsCount(); i++) {
      ImagePrompt picture = request.getImagePrompts(i);
      values.put(
          "Image prompt " + i,
          "Input: " + firstDigits(picture.getInput()) + ", Weight: " + number(picture.getWeight()));
    }
    if (request.hasRefiner()) {
      ModelRef refiner = request.getRefiner().getRefiner();
      values.put("Refiner", refiner.getName() + " [" + modelHash(refiner.getDigest()) + "]");
      values.put("Refiner switch at", number(request.getRefiner().getStart()));
    }
    String inversions = textualInversions(request);
    if (!inversions.isEmpty()) {
      values.put("TI hashes", inversions);
    }
    if (request.hasUpscale()) {
      values.put(
          "Postprocess upscale by", Integer.toUnsignedString(request.getUpscale().getFactor()));
      values.put("Postprocess upscaler", request.getUpscale().getUpscaler().getName());
    }
    values.put("Version", "latentline " + version);
    return values;
  }

  /** As the extension sd-webui-controlnet writes it. */
  private static String control(ControlPicture control) {
    ModelRef network = control.getControlNet();
    String module = control.getPreprocessor().isEmpty() ? "none" : control.getPreprocessor();
    return "Module: "
        + module
        + ", Model: "
        + network.getName()
        + " ["
        + modelHash(network.getDigest())
        + "], Weight: "
        + number(control.getWeight())
        + ", Resize Mode: Crop and Resize, Guidance Start: "
        + number(control.getStart())
        + ", Guidance End: "
        + number(control.getEnd())
        + ", Control Mode: Balanced";
  }

  /** Of the request's those whose words this picture's prompts have. */
  private static String textualInversions(GenerationRequest request) {
    List<TriggerWords> prompts =
        List.of(TriggerWords.of(request.getPrompt()), TriggerWords.of(request.getNegativePrompt()));
    return request.getTextualInversionsList().stream()
        .filter(pinned -> prompts.stream().anyMatch(prompt -> prompt.have(pinned.getName())))
        .map(pinned -> pinned.getName() + ": " + modelHash(pinned.getDigest()))
        .collect(Collectors.joining(", "));
  }

  private static boolean isChosen(float eta, OptionalDouble byDefault) {
    return byDefault.isEmpty() || eta != (float) byDefault.getAsDouble();
  }

  private static String number(float value) {
    return new BigDecimal(Float.toString(value)).stripTrailingZeros().toPlainString();
  }

  private static String number(double value) {
    return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
  }

  private static String modelHash(String digest) {
    String hex =
        digest.startsWith(DIGEST_PREFIX) ? digest.substring(DIGEST_PREFIX.length()) : digest;
    return firstDigits(hex);
  }

  private static String firstDigits(String hex) {
    return hex.substring(0, Math.min(HASH_DIGITS, hex.length()));
  }

  /** A JSON string where the value holds what separates values. */
  static String quotedWhereNeeded(String value) {
    if (value.chars().noneMatch(c -> c == ',' || c == ':' || c == '\n')) {
      return value;
    }
    StringBuilder quoted = new StringBuilder("\"");
    value
        .chars()
        .forEach(
            c -> {
              switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                  if (c < ' ') {
                    quoted.append(String.format("\\u%04x", c));
                  } else {
                    quoted.append((char) c);
                  }
                }
              }
            });
    return quoted.append('"').toString();
  }
}
