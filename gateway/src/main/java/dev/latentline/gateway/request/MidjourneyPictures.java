package dev.latentline.gateway.request;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.InputIds;
import dev.latentline.contract.Limits;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The pictures that a prompt of Midjourney's begins with, here by the ids that they were sent
 * under: {@code input_... input_... a cat --iw 0.5}.
 */
final class MidjourneyPictures {
  private static final Pattern WORD =
      Pattern.compile("\\s*(\\S+)", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern URL = Pattern.compile("(?i)https?://\\S+");
  private static final Pattern WEIGHT = Pattern.compile("\\d{1,2}(?:\\.\\d{0,16})?|\\.\\d{1,16}");

  private final ObjectNode body;
  private final Fields fields;
  private boolean byUrl;

  /**
   * @param body of which {@code image_prompts} are set where they are missing
   */
  MidjourneyPictures(ObjectNode body, Fields fields) {
    this.body = body;
    this.fields = fields;
  }

  /**
   * Takes the pictures from a prompt.
   *
   * @return what is left of it
   */
  String take(String prompt) {
    List<String> ids = new ArrayList<>();
    Matcher word = WORD.matcher(prompt);
    int end = 0;
    while (word.lookingAt() && InputIds.isValid(word.group(1))) {
      ids.add(word.group(1));
      end = word.end();
      word.region(end, prompt.length());
    }
    String text = prompt.substring(end).strip();
    if (word.lookingAt() && URL.matcher(word.group(1)).matches()) {
      byUrl = true;
      fields.add(
          "prompt",
          "unknown_input",
          "No picture is fetched from a URL: send it to POST /v1/inputs and name its id");
    } else {
      refuseIn(text);
    }
    if (!ids.isEmpty()) {
      set(ids);
    }
    return text;
  }

  /** Notes an id where none is read. */
  void refuseIn(String text) {
    if (InputIds.isIn(text)) {
      fields.add(
          "prompt",
          "invalid_parameter",
          "The ids of pictures stand before the text, with spaces between them");
    }
  }

  private void set(List<String> ids) {
    if (!fields.has(ImagePromptFields.NAME)) {
      ArrayNode pictures = body.putArray(ImagePromptFields.NAME);
      ids.forEach(id -> pictures.addObject().putObject("image").put("input", id));
      return;
    }
    JsonNode stated = body.get(ImagePromptFields.NAME);
    List<String> inputs = new ArrayList<>();
    stated.forEach(picture -> inputs.add(picture.at("/image/input").asText()));
    if (stated.isArray() && !inputs.equals(ids)) {
      fields.add(
          ImagePromptFields.NAME,
          "contradiction",
          "The prompt begins with other pictures: leave one of them out");
    }
  }

  /**
   * Gives the pictures that have no weight of their own this one.
   *
   * @param value behind {@code --iw}
   */
  void weigh(String value) {
    if (!WEIGHT.matcher(value).matches()
        || Double.parseDouble(value) > Limits.MAX_IMAGE_PROMPT_WEIGHT) {
      fields.add(
          "prompt",
          "invalid_parameter",
          "--iw is a number from 0 to " + (int) Limits.MAX_IMAGE_PROMPT_WEIGHT);
      return;
    }
    double weight = Double.parseDouble(value);
    JsonNode pictures = body.path(ImagePromptFields.NAME);
    boolean none =
        !fields.has(ImagePromptFields.NAME) || (pictures.isArray() && pictures.isEmpty());
    if (none && !byUrl) {
      fields.add(
          "prompt",
          "invalid_parameter",
          "--iw is the weight of pictures, and there is none: send one to POST /v1/inputs and begin"
              + " the prompt with its id");
    }
    for (int i = 0; i < pictures.size(); i++) {
      if (pictures.get(i) instanceof ObjectNode picture) {
        if (!picture.hasNonNull("weight")) {
          picture.put("weight", weight);
        } else if (picture.get("weight").isNumber()
            && picture.get("weight").floatValue() != (float) weight) {
          MidjourneyParameters.contradicts(
              fields, ImagePromptFields.NAME + "[" + i + "].weight", "iw");
        }
      }
    }
  }
}
