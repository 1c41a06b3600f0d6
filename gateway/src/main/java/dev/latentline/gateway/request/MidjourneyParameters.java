package dev.latentline.gateway.request;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.contract.PromptSyntax;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What stands around a prompt of Midjourney's: pictures before it, parameters behind it, {@code
 * --ar 3:2 --no text --seed 5}. What is a field here becomes that field; what is nothing here is an
 * error.
 */
final class MidjourneyParameters {
  /** Dashes are often joined to a longer one by what people type into. */
  private static final Pattern PARAMETER =
      Pattern.compile("(?:^|(?<=\\s))(?:--|—)([A-Za-z]+)(?=\\s|$)");

  private static final Pattern RATIO = Pattern.compile("(\\d{1,4}):(\\d{1,4})");

  /** Of a prompt, behind its colons; possessive, as a number is as long as who wrote it likes. */
  private static final Pattern WEIGHT =
      Pattern.compile("(?:[+-]?(?:\\d++(?:\\.\\d*+)?+|\\.\\d++))?\\s*");

  /** So many times more than the area. */
  private static final int RATIO_COUNTS = 4;

  private static final String UNWANTED = "::-0.5";

  /** Other names of the same. */
  private static final Map<String, String> LONG_NAMES =
      Map.of("aspect", "ar", "r", "repeat", "s", "stylize", "c", "chaos", "q", "quality");

  private static final List<String> KNOWN = List.of("ar", "iw", "no", "repeat", "seed");

  private final ObjectNode body;
  private final Fields fields;
  private final MidjourneyPictures pictures;
  private final String written;

  /** What is left of the prompt. */
  private String text;

  private final List<String> unwanted = new ArrayList<>();

  private MidjourneyParameters(ObjectNode body, Fields fields, String written) {
    this.body = body;
    this.fields = fields;
    this.pictures = new MidjourneyPictures(body, fields);
    this.written = written;
  }

  /**
   * Takes the pictures and parameters from the prompt of a request and sets the fields that they
   * are, where its syntax is Midjourney's.
   *
   * @param body of which {@code image_prompts}, {@code seed}, {@code count}, {@code width} and
   *     {@code height} are set where they are missing
   * @param card gives the size that a ratio is of; without it none is set
   * @return the prompt's text, and what {@code --no} names; empty with another syntax
   */
  static Optional<MidjourneyParameters> take(
      ObjectNode body, Fields fields, Optional<ModelCard> card) {
    return body.path("prompt_syntax").asText().equals(PromptSyntax.MIDJOURNEY.id())
        ? Optional.of(take(body, fields, textOf(body), card))
        : Optional.empty();
  }

  /** What is no text, or too long a one, is said elsewhere. */
  private static String textOf(ObjectNode body) {
    String text = body.path("prompt").isTextual() ? body.get("prompt").textValue() : "";
    return Text.isTooLong(text) ? "" : text;
  }

  private static MidjourneyParameters take(
      ObjectNode body, Fields fields, String prompt, Optional<ModelCard> card) {
    MidjourneyParameters parameters = new MidjourneyParameters(body, fields, prompt);
    Matcher found = PARAMETER.matcher(prompt);
    int end = prompt.length();
    List<String[]> all = new ArrayList<>();
    if (found.find()) {
      end = found.start();
      int from = found.end();
      String name = found.group(1);
      while (found.find()) {
        all.add(new String[] {name, prompt.substring(from, found.start()).strip()});
        from = found.end();
        name = found.group(1);
      }
      all.add(new String[] {name, prompt.substring(from).strip()});
    }
    parameters.text = parameters.pictures.take(prompt.substring(0, end).strip());
    if (all.size() > Limits.MAX_PROMPT_PARAMETERS) {
      fields.add(
          "prompt",
          "too_many",
          "Has " + all.size() + " parameters; at most " + Limits.MAX_PROMPT_PARAMETERS,
          Allowed.range(0, Limits.MAX_PROMPT_PARAMETERS));
    } else {
      all.forEach(each -> parameters.take(each[0], each[1], card));
    }
    return parameters;
  }

  /**
   * Notes a prompt that has nothing but parameters and pictures.
   *
   * @param byPictures whether these say what is to be seen: then it may
   */
  void refuseNothing(boolean byPictures) {
    if (text.isEmpty() && !written.isBlank() && !byPictures) {
      fields.add(
          "prompt",
          "empty",
          "Say what the picture shows before the parameters, in words or by pictures with a weight above 0");
    }
  }

  /** The prompt without what stands around it; styles may still come. */
  String text() {
    return text;
  }

  boolean hasUnwanted() {
    return !unwanted.isEmpty();
  }

  /** A prompt with what is unwanted as a prompt of negative weight. */
  String withUnwanted(String prompt) {
    if (unwanted.isEmpty()) {
      return prompt;
    }
    String end = isClosed(prompt) ? " " : ":: ";
    return prompt.stripTrailing() + end + String.join(UNWANTED + " ", unwanted) + UNWANTED;
  }

  /** Whether the prompt's last text has its colons, and perhaps its weight, already. */
  private static boolean isClosed(String prompt) {
    int colons = prompt.lastIndexOf("::");
    return colons >= 0
        && WEIGHT.matcher(prompt).region(colons + "::".length(), prompt.length()).matches();
  }

  private void take(String written, String value, Optional<ModelCard> card) {
    String name = LONG_NAMES.getOrDefault(written, written);
    switch (name) {
      case "no" -> unwanted(value);
      case "seed" -> number("seed", "seed", value);
      case "repeat" -> number("repeat", "count", value);
      case "ar" -> ratio(value, card);
      case "iw" -> pictures.weigh(value);
      case "cref", "sref", "oref", "cw", "sw", "ow" ->
          refuse(written, "a picture can only be a prompt here");
      default -> refuse(written, "there is nothing like it here");
    }
  }

  private void unwanted(String value) {
    if (value.isEmpty() || value.contains("::")) {
      fields.add("prompt", "invalid_parameter", "Behind --no stands what is unwanted, without ::");
    } else {
      pictures.refuseIn(value);
      unwanted.add(value);
    }
  }

  private void number(String parameter, String field, String value) {
    if (!value.matches("\\d{1,16}")) {
      fields.add("prompt", "invalid_parameter", "--" + parameter + " is a whole number");
      return;
    }
    long number = Long.parseLong(value);
    JsonNode set = body.get(field);
    if (set == null || set.isNull()) {
      body.put(field, number);
    } else if (!set.canConvertToLong() || set.longValue() != number) {
      contradicts(fields, field, parameter);
    }
  }

  private void ratio(String value, Optional<ModelCard> card) {
    Matcher ratio = RATIO.matcher(value);
    if (!ratio.matches() || ratio.group(1).matches("0+") || ratio.group(2).matches("0+")) {
      fields.add("prompt", "invalid_parameter", "--ar is width to height, as 3:2");
      return;
    }
    if (card.isEmpty()) {
      return;
    }
    double wanted = Double.parseDouble(ratio.group(1)) / Double.parseDouble(ratio.group(2));
    ModelCard model = card.get();
    int multiple = model.limits().sizeMultiple();
    Optional<Long> width = whole("width");
    Optional<Long> height = whole("height");
    if (fields.has("width") && fields.has("height")) {
      // what is rounded to whole steps is not exact
      if (width.isPresent()
          && height.isPresent()
          && Math.abs(width.get() - height.get() * wanted) > multiple * Math.max(1, wanted)) {
        contradicts(fields, "width", "ar");
      }
    } else if (fields.has("width")) {
      width.ifPresent(set -> body.put("height", steps(set / wanted, multiple)));
    } else if (fields.has("height")) {
      height.ifPresent(set -> body.put("width", steps(set * wanted, multiple)));
    } else {
      size(wanted, model);
    }
  }

  /** Of all sizes near this ratio one whose area is near that of the model's own. */
  private void size(double wanted, ModelCard model) {
    int multiple = model.limits().sizeMultiple();
    double area = (double) model.defaults().width() * model.defaults().height();
    long bestWidth = 0;
    long bestHeight = 0;
    double best = Double.POSITIVE_INFINITY;
    for (long height = multiple; height <= Limits.MAX_SIDE; height += multiple) {
      long width = steps(height * wanted, multiple);
      double off =
          Math.abs(Math.log(width * height / area))
              + RATIO_COUNTS * Math.abs(Math.log(width / (height * wanted)));
      if (off < best && isAllowed(width, height, model.limits())) {
        best = off;
        bestWidth = width;
        bestHeight = height;
      }
    }
    if (bestWidth == 0) {
      fields.add("prompt", "invalid_parameter", "The model makes no pictures of this --ar");
      return;
    }
    body.put("width", bestWidth);
    body.put("height", bestHeight);
  }

  private static boolean isAllowed(long width, long height, ModelLimits limits) {
    return Math.min(width, height) >= Limits.MIN_SIDE
        && Math.max(width, height) <= Limits.MAX_SIDE
        && width * height <= Limits.MAX_PIXELS
        && limits.allowSize((int) width, (int) height);
  }

  /** The nearest whole number of steps. */
  private static long steps(double pixels, int multiple) {
    return Math.max(1, Math.round(pixels / multiple)) * multiple;
  }

  private Optional<Long> whole(String field) {
    JsonNode value = body.get(field);
    return value != null && value.isIntegralNumber() && value.canConvertToLong()
        ? Optional.of(value.longValue())
        : Optional.empty();
  }

  static void contradicts(Fields fields, String field, String parameter) {
    fields.add(
        field,
        "contradiction",
        "The prompt's --" + parameter + " says something else: leave one of them out");
  }

  private void refuse(String name, String why) {
    fields.add(
        "prompt",
        "unsupported_parameter",
        "--" + Text.shown(name) + ": " + why + ", leave it out",
        Allowed.oneOf(KNOWN.stream().map(known -> "--" + known).toList()));
  }
}
