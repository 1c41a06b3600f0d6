package dev.latentline.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A model as GET /v1/models tells it; fields that are not there are empty or 0.
 *
 * @param aliases other names of it
 * @param loras names of those that can change it
 * @param refiners names of those that can make the last steps of its pictures
 * @param controlNets names of those that can steer it
 * @param textualInversions words that it has learnt
 */
public record Model(
    String id,
    List<String> aliases,
    String family,
    String licence,
    String description,
    int width,
    int height,
    int steps,
    List<String> loras,
    List<String> refiners,
    List<String> controlNets,
    List<String> textualInversions) {
  public Model {
    aliases = List.copyOf(aliases);
    loras = List.copyOf(loras);
    refiners = List.copyOf(refiners);
    controlNets = List.copyOf(controlNets);
    textualInversions = List.copyOf(textualInversions);
  }

  static Model of(JsonNode json) {
    JsonNode defaults = json.path("defaults");
    return new Model(
        json.path("id").asText(""),
        texts(json.path("aliases")),
        json.path("family").asText(""),
        json.path("licence").asText(""),
        json.path("description").asText(""),
        defaults.path("width").asInt(),
        defaults.path("height").asInt(),
        defaults.path("steps").asInt(),
        texts(json.path("loras")),
        texts(json.path("refiners")),
        texts(json.path("controlnets")),
        texts(json.path("textual_inversions")));
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  /** Whether it has this name, or this other name. */
  public boolean isCalled(String name) {
    return id.equals(name) || aliases.contains(name);
  }
}
