package dev.latentline.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A model as GET /v1/models tells it; fields that are not there are empty or 0.
 *
 * @param loras names of those that can change it
 * @param textualInversions words that it has learnt
 */
public record Model(
    String id,
    String family,
    String licence,
    String description,
    int width,
    int height,
    int steps,
    List<String> loras,
    List<String> textualInversions) {
  public Model {
    loras = List.copyOf(loras);
    textualInversions = List.copyOf(textualInversions);
  }

  static Model of(JsonNode json) {
    return of(
        json.path("id").asText(""),
        json,
        texts(json.path("loras")),
        texts(json.path("textual_inversions")));
  }

  /** The same of a manifest.json, which calls the id a name and knows nothing that changes it. */
  public static Model ofManifest(
      JsonNode json, List<String> loras, List<String> textualInversions) {
    return of(json.path("name").asText(""), json, loras, textualInversions);
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  private static Model of(
      String id, JsonNode json, List<String> loras, List<String> textualInversions) {
    JsonNode defaults = json.path("defaults");
    return new Model(
        id,
        json.path("family").asText(""),
        json.path("licence").asText(""),
        json.path("description").asText(""),
        defaults.path("width").asInt(),
        defaults.path("height").asInt(),
        defaults.path("steps").asInt(),
        loras,
        textualInversions);
  }
}
