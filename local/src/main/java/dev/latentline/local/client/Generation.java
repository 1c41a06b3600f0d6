package dev.latentline.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A generation as GET /v1/generations/{id} tells it; fields that are not there are empty.
 *
 * @param status queued, running, succeeded, failed or cancelled
 * @param progress 0 to 1
 * @param etaMs how long it will take, where the gateway knows
 * @param images the pictures that are stored
 * @param errorCode empty unless it failed
 */
public record Generation(
    String id,
    String status,
    double progress,
    OptionalInt queuePosition,
    OptionalLong etaMs,
    List<Image> images,
    String errorCode,
    String errorMessage) {
  /**
   * One stored picture.
   *
   * @param sha256 of the file, hex; may be empty
   * @param pixelsSha256 of its pixels, hex; may be empty
   * @param url absolute or relative to the gateway
   * @param flagged whether a safety checker found it unsafe
   * @param blurred whether it is blurred therefore
   */
  public record Image(
      int index,
      String sha256,
      String pixelsSha256,
      String url,
      boolean flagged,
      boolean blurred) {}

  static Generation of(JsonNode json) {
    List<Image> images = new ArrayList<>();
    for (JsonNode image : json.path("images")) {
      String url = image.path("url").asText("");
      if (!url.isEmpty()) {
        images.add(
            new Image(
                image.path("index").asInt(images.size()),
                image.path("sha256").asText(""),
                image.path("pixels_sha256").asText(""),
                url,
                image.at("/safety/flagged").asBoolean(),
                image.at("/safety/blurred").asBoolean()));
      }
    }
    JsonNode position = json.path("queue_position");
    JsonNode error = json.path("error");
    return new Generation(
        json.path("id").asText(""),
        json.path("status").asText(""),
        Math.max(0, Math.min(1, json.path("progress").asDouble(0))),
        position.isInt() ? OptionalInt.of(position.intValue()) : OptionalInt.empty(),
        etaMs(json),
        List.copyOf(images),
        error.path("code").asText(""),
        error.path("message").asText(""));
  }

  static OptionalLong etaMs(JsonNode json) {
    JsonNode eta = json.path("eta_ms");
    return eta.canConvertToLong() && eta.isIntegralNumber()
        ? OptionalLong.of(eta.longValue())
        : OptionalLong.empty();
  }

  /** Whether nothing will change any more. */
  public boolean hasEnded() {
    return isTerminal(status);
  }

  public boolean hasSucceeded() {
    return "succeeded".equals(status);
  }

  static boolean isTerminal(String status) {
    return switch (status) {
      case "succeeded", "failed", "cancelled" -> true;
      default -> false;
    };
  }
}
