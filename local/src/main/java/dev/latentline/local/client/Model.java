package dev.latentline.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A model as GET /v1/models tells it; fields that are not there are empty or 0.
 *
 * @param loras names of those that can change it
 */
public record Model(
    String id,
    String family,
    String licence,
    String description,
    int width,
    int height,
    int steps,
    List<String> loras) {
  public Model {
    loras = List.copyOf(loras);
  }

  static Model of(JsonNode json) {
    List<String> loras = new ArrayList<>();
    json.path("loras").forEach(lora -> loras.add(lora.asText()));
    return of(json.path("id").asText(""), json, loras);
  }

  /** The same of a manifest.json, which calls the id a name and knows no LoRAs. */
  public static Model ofManifest(JsonNode json, List<String> loras) {
    return of(json.path("name").asText(""), json, loras);
  }

  private static Model of(String id, JsonNode json, List<String> loras) {
    JsonNode defaults = json.path("defaults");
    return new Model(
        id,
        json.path("family").asText(""),
        json.path("licence").asText(""),
        json.path("description").asText(""),
        defaults.path("width").asInt(),
        defaults.path("height").asInt(),
        defaults.path("steps").asInt(),
        loras);
  }
}
