package dev.latentline.gateway.webhook;

import static dev.latentline.gateway.fold.TestFacts.ACCEPTED_AT_MS;
import static dev.latentline.gateway.fold.TestFacts.after;
import static dev.latentline.gateway.fold.TestFacts.at;
import static dev.latentline.gateway.fold.TestFacts.cancelled;
import static dev.latentline.gateway.fold.TestFacts.dispatched;
import static dev.latentline.gateway.fold.TestFacts.failed;
import static dev.latentline.gateway.fold.TestFacts.flagged;
import static dev.latentline.gateway.fold.TestFacts.imageFailed;
import static dev.latentline.gateway.fold.TestFacts.request;
import static dev.latentline.gateway.fold.TestFacts.settled;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static dev.latentline.gateway.fold.TestFacts.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.TestFacts;
import dev.latentline.gateway.request.RequestValidator;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.WebhookDelivery;
import dev.latentline.proto.v1.WebhookTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WebhookDeliveriesTest {
  private static final String URL = "https://example.com/hook?a=b";
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @MethodSource("ends")
  void everyEndHasItsOwnTypeAndId(GenerationEvent end, String status) {
    WebhookDelivery delivery =
        WebhookDeliveries.of(after(wanting(), at(ACCEPTED_AT_MS + 9, end))).orElseThrow();

    assertThat(delivery.getWebhookId()).isEqualTo("evt_0190163d8694739b8f6b0123456789ab_" + status);
    assertThat(delivery.getType()).isEqualTo("generation." + status);
    assertThat(delivery.getTenant()).isEqualTo("default");
    assertThat(delivery.getEndpoint()).isEqualTo("default");
    assertThat(delivery.getUrl()).isEqualTo(URL);
    assertThat(delivery.getGenerationId()).isEqualTo(TestFacts.ID);
    assertThat(delivery.getAttemptsList()).isEmpty();
    assertThat(delivery.getCreatedAtMs()).isEqualTo(ACCEPTED_AT_MS + 9);
    assertThat(delivery.getNextDueMs()).isEqualTo(ACCEPTED_AT_MS + 9);
    assertThat(body(delivery).at("/type").asText()).isEqualTo("generation." + status);
    assertThat(body(delivery).at("/data/status").asText()).isEqualTo(status);
  }

  @Test
  void theBodySaysWhereThePicturesAre() {
    GenerationState state =
        after(
            wanting().toBuilder().setCount(2).putMetadata("order", "17").build(),
            dispatched(),
            stored(1),
            stored(0),
            at(ACCEPTED_AT_MS + 1_500, succeeded()));

    assertThat(body(WebhookDeliveries.of(state).orElseThrow()))
        .isEqualTo(
            json(
                """
                {"type": "generation.succeeded",
                 "timestamp": "2027-01-15T08:00:01.500Z",
                 "data": {
                   "id": "gen_0190163d8694739b8f6b0123456789ab",
                   "status": "succeeded",
                   "images": [
                     {"index": 0, "seed": 41,
                      "url": "/v1/generations/gen_0190163d8694739b8f6b0123456789ab/images/0",
                      "sha256": "file-0", "pixels_sha256": "pixels-0"},
                     {"index": 1, "seed": 42,
                      "url": "/v1/generations/gen_0190163d8694739b8f6b0123456789ab/images/1",
                      "sha256": "file-1", "pixels_sha256": "pixels-1"}],
                   "metadata": {"order": "17"}}}
                """));
  }

  @Test
  void aPictureThatTheSafetyCheckerFoundUnsafeIsMarked() {
    JsonNode data =
        body(WebhookDeliveries.of(after(wanting(), flagged(0), succeeded())).orElseThrow())
            .at("/data");

    assertThat(data.at("/images/0/safety"))
        .isEqualTo(json("{\"flagged\": true, \"blurred\": true}"));
  }

  @Test
  void aPartialFailureListsWhatIsStoredAndSaysWhy() {
    GenerationState state =
        after(
            wanting().toBuilder().setCount(3).build(),
            imageFailed(0, "x"),
            stored(2),
            failed("partial"));

    JsonNode data = body(WebhookDeliveries.of(state).orElseThrow()).at("/data");

    assertThat(data.at("/images").findValuesAsText("index")).containsExactly("2");
    assertThat(data.at("/error"))
        .isEqualTo(json("{\"code\": \"partial\", \"message\": \"It failed\"}"));
  }

  @Test
  void thePromptIsNotTold() {
    WebhookDelivery delivery = WebhookDeliveries.of(after(wanting(), cancelled())).orElseThrow();

    assertThat(delivery.getBody().toStringUtf8()).doesNotContain("apple", "pear");
  }

  @ParameterizedTest
  @MethodSource("ends")
  void onlyWhatWasAskedForIsSent(GenerationEvent end, String status) {
    String type = "generation." + status;
    List<String> others =
        RequestValidator.WEBHOOK_EVENTS.stream().filter(e -> !e.equals(type)).toList();

    assertThat(WebhookDeliveries.of(after(wanting(type), end))).isPresent();
    assertThat(WebhookDeliveries.of(after(wanting(others.toArray(String[]::new)), end))).isEmpty();
    assertThat(WebhookDeliveries.of(after(request(1).build(), end))).isEmpty();
  }

  @Test
  void theSameStateGivesTheSameBytesWhoeverHandsItOver() {
    GenerationRequest one =
        wanting().toBuilder().putMetadata("a", "1").putMetadata("b", "2").build();
    GenerationRequest two =
        wanting().toBuilder().putMetadata("b", "2").putMetadata("a", "1").build();

    assertThat(WebhookDeliveries.of(after(one, stored(0), succeeded())).orElseThrow().toByteArray())
        .isEqualTo(
            WebhookDeliveries.of(
                    after(
                        two,
                        stored(0),
                        succeeded(),
                        at(ACCEPTED_AT_MS + 99, failed("x")),
                        settled()))
                .orElseThrow()
                .toByteArray());
  }

  static Stream<Arguments> ends() {
    return Stream.of(
        Arguments.of(succeeded(), "succeeded"),
        Arguments.of(failed("x"), "failed"),
        Arguments.of(cancelled(), "cancelled"));
  }

  private static GenerationRequest wanting(String... events) {
    return request(1)
        .setWebhook(WebhookTarget.newBuilder().setUrl(URL).addAllEvents(List.of(events)))
        .build();
  }

  private static JsonNode body(WebhookDelivery delivery) {
    return json(delivery.getBody().toStringUtf8());
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
