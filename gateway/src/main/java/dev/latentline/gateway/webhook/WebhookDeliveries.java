package dev.latentline.gateway.webhook;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.ImageState;
import dev.latentline.gateway.fold.Outcome;
import dev.latentline.gateway.fold.Reason;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Stored;
import dev.latentline.proto.v1.WebhookDelivery;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The webhook of an ended generation. Pure: the same state gives the same bytes under the same id,
 * so that a receiver never gets two that contradict each other.
 */
public final class WebhookDeliveries {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private WebhookDeliveries() {}

  /** Empty when the request asks for none, or not for this event. */
  public static Optional<WebhookDelivery> of(GenerationState state) {
    GenerationRequest request = state.request();
    String status = status(state.outcome().orElseThrow());
    String type = "generation." + status;
    List<String> wanted = request.getWebhook().getEventsList();
    if (!request.hasWebhook() || !(wanted.isEmpty() || wanted.contains(type))) {
      return Optional.empty();
    }
    long endedAtMs = state.endedAtMs().orElseThrow();
    return Optional.of(
        WebhookDelivery.newBuilder()
            .setWebhookId(id(state.id(), status))
            .setTenant(request.getTenant())
            .setEndpoint(WebhookSecrets.DEFAULT_ENDPOINT)
            .setUrl(request.getWebhook().getUrl())
            .setType(type)
            .setGenerationId(state.id())
            .setBody(ByteString.copyFrom(body(state, status, type)))
            .setCreatedAtMs(endedAtMs)
            .setNextDueMs(endedAtMs)
            .build());
  }

  private static String id(String generationId, String status) {
    return "evt_" + generationId.substring("gen_".length()) + "_" + status;
  }

  private static String status(Outcome outcome) {
    return outcome.kind().name().toLowerCase(Locale.ROOT);
  }

  /** Thin: where things are, not the things. */
  private static byte[] body(GenerationState state, String status, String type) {
    ObjectNode body = JSON.createObjectNode();
    body.put("type", type);
    body.put("timestamp", Instant.ofEpochMilli(state.endedAtMs().orElseThrow()).toString());
    ObjectNode data = body.putObject("data");
    data.put("id", state.id());
    data.put("status", status);
    ArrayNode images = data.putArray("images");
    for (ImageState image : state.images()) {
      image.stored().ifPresent(stored -> image(images.addObject(), state.id(), stored));
    }
    Optional<Reason> reason = state.outcome().flatMap(Outcome::reason);
    reason.ifPresent(
        why -> data.putObject("error").put("code", why.code()).put("message", why.message()));
    ObjectNode metadata = data.putObject("metadata");
    new TreeMap<>(state.request().getMetadataMap()).forEach(metadata::put);
    try {
      return JSON.writeValueAsBytes(body);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of values is always JSON", e);
    }
  }

  private static void image(ObjectNode fields, String generationId, Stored stored) {
    fields.put("index", stored.getImageIndex());
    fields.put("seed", stored.getSeed());
    fields.put("url", "/v1/generations/" + generationId + "/images/" + stored.getImageIndex());
    fields.put("sha256", stored.getSha256());
    fields.put("pixels_sha256", stored.getPixelsSha256());
    if (stored.hasSafety()) {
      fields
          .putObject("safety")
          .put("flagged", stored.getSafety().getFlagged())
          .put("blurred", stored.getSafety().getBlurred());
    }
  }
}
