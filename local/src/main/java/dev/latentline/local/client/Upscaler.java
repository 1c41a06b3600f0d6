package dev.latentline.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What makes pictures larger, as GET /v1/models tells it; fields that are not there are empty.
 *
 * @param factors what width and height can be multiplied by
 */
public record Upscaler(String id, List<Integer> factors, String licence) {
  public Upscaler {
    factors = List.copyOf(factors);
  }

  static Upscaler of(JsonNode json) {
    List<Integer> factors = new ArrayList<>();
    json.path("factors").forEach(factor -> factors.add(factor.asInt()));
    return new Upscaler(json.path("id").asText(""), factors, json.path("licence").asText(""));
  }
}
