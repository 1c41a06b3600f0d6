package dev.latentline.local.client;

import com.fasterxml.jackson.databind.JsonNode;

/** A model as GET /v1/models tells it; fields that are not there are empty or 0. */
public record Model(
    String id,
    String family,
    String licence,
    String description,
    int width,
    int height,
    int steps) {
  static Model of(JsonNode json) {
    return named(json.path("id").asText(""), json);
  }

  /** The same of a manifest.json, which calls the id a name. */
  public static Model ofManifest(JsonNode json) {
    return named(json.path("name").asText(""), json);
  }

  private static Model named(String id, JsonNode json) {
    JsonNode defaults = json.path("defaults");
    return new Model(
        id,
        json.path("family").asText(""),
        json.path("licence").asText(""),
        json.path("description").asText(""),
        defaults.path("width").asInt(),
        defaults.path("height").asInt(),
        defaults.path("steps").asInt());
  }
}
