package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import dev.latentline.gateway.analysis.FakePrompts;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.response.ValidatableResponse;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client sees of an analysis; prompt-service is a fake. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@QuarkusTestResource(value = PromptsResourceIT.Fake.class, restrictToAnnotatedClass = true)
@TestProfile(InputsIT.Impatient.class)
class PromptsResourceIT {
  /** Where the gateway asks. */
  public static final class Fake implements QuarkusTestResourceLifecycleManager {
    private FakePrompts fake;

    @Override
    public Map<String, String> start() {
      fake = new FakePrompts(0);
      return Map.of("latentline.prompts.url", fake.url());
    }

    @Override
    public void stop() {
      fake.close();
    }
  }

  @Test
  void textsTokensWeightsAndWhatIsCutAreTold() {
    analyze("{\"model\":\"starter\",\"prompt\":\"an apple\",\"negative_prompt\":\"blurry\"}")
        .statusCode(200)
        .contentType("application/json")
        .header("Cache-Control", "no-store")
        .body("object", equalTo("prompt_analysis"))
        .body("texts", hasSize(2))
        .body("texts[0].role", equalTo("prompt"))
        .body("texts[0].text", equalTo("an apple"))
        .body("texts[0].weight", equalTo(0.8f))
        .body("texts[0].steps", equalTo(List.of(1, 2)))
        .body("texts[0].images", equalTo(List.of(1)))
        .body("texts[0].tokens[0].text_encoders", equalTo(List.of(0, 1)))
        .body("texts[0].tokens[0].count", equalTo(5))
        .body("texts[0].tokens[0].limit", equalTo(4))
        .body("texts[0].tokens[0].chunk_length", equalTo(2))
        .body("texts[0].tokens[0].chunks[0][1].id", equalTo(6))
        .body("texts[0].tokens[0].chunks[0][1].text", equalTo("t6"))
        .body("texts[0].tokens[0].chunks[0][1].weight", equalTo(1.1f))
        .body("texts[0].tokens[0].chunks[1]", hasSize(1))
        .body("texts[0].tokens[0].cut.count", equalTo(2))
        .body("texts[0].tokens[0].cut.text", equalTo("the rest"))
        .body("texts[1].role", equalTo("negative_prompt"))
        .body("texts[1].text", equalTo("blurry"))
        .body("texts[1].steps", nullValue())
        .body("texts[1].images", nullValue())
        .body("texts[1].tokens[0].count", equalTo(0))
        .body("texts[1].tokens[0].cut", nullValue());
  }

  @Test
  void thePromptIsAskedForAsAGenerationWouldBecome() {
    analyze(
            """
            {"model":"starter","prompt":"a {red|blue} apple","dynamic_prompts":true,"seed":3}
            """)
        .statusCode(200)
        .body("texts[0].text", matchesPattern("a (red|blue) apple"))
        .body("request.expanded_prompts[0].prompt", matchesPattern("a (red|blue) apple"))
        .body("request.seed", equalTo(3))
        .body("request.prompt_syntax", equalTo("plain"));
    analyze(
            """
            {"model":"starter","prompt":"a cat --no hats --ar 2:1","prompt_syntax":"midjourney"}
            """)
        .statusCode(200)
        .body("texts[0].text", equalTo("a cat:: hats::-0.5"));
  }

  @Test
  void picturesAreNotLookedFor() {
    String nowhere = "input_" + "0f".repeat(32);
    analyze(
            """
            {"model":"starter","prompt":"%s a cat","prompt_syntax":"midjourney"}
            """
                .formatted(nowhere))
        .statusCode(200)
        .body("texts[0].text", equalTo("a cat"))
        .body("request.image_prompts[0].image.input", equalTo(nowhere))
        .body("request.image_prompts[0].weight", equalTo(1f));
  }

  @Test
  void whatIsWrongWithARequestIsSaidAsOfAGeneration() {
    analyze("{\"prompt\":\"\",\"steps\":0,\"size\":\"128x128\"}")
        .statusCode(400)
        .contentType("application/problem+json")
        .body("code", equalTo("invalid_request"))
        .body("errors.field", hasItems("model", "prompt", "steps", "size"));
    analyze("{\"model\":\"starter\",\"prompt\":\"" + FakePrompts.REFUSED + "\"}")
        .statusCode(400)
        .contentType("application/problem+json")
        .body("code", equalTo("unsupported_prompt"))
        .body("detail", equalTo("It is so"));
  }

  @ParameterizedTest
  @ValueSource(strings = {FakePrompts.AWAY, FakePrompts.SILENT})
  void whereNobodyAnswersItCanBeTriedAgain(String prompt) {
    analyze("{\"model\":\"starter\",\"prompt\":\"" + prompt + "\"}")
        .statusCode(503)
        .contentType("application/problem+json")
        .header("Retry-After", "2")
        .body("code", equalTo("prompt_service_unavailable"))
        .body("retryable", equalTo(true));
  }

  @Test
  @Timeout(Patience.TEST_SECONDS)
  void whoDoesNotTakeAnAnswerIsCutOffAndLeavesItsPlace() throws Exception {
    String body = "{\"model\":\"starter\",\"prompt\":\"" + FakePrompts.LONG + "\"}";
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < PromptsResource.ANALYSES_PER_TENANT; i++) {
        Socket socket = new Socket("127.0.0.1", RestAssured.port);
        slow.add(socket);
        socket
            .getOutputStream()
            .write(
                ("POST /v1/prompts:analyze HTTP/1.1\r\nHost: localhost\r\n"
                        + "Content-Type: application/json\r\nContent-Length: "
                        + body.length()
                        + "\r\n\r\n"
                        + body)
                    .getBytes(US_ASCII));
      }
      await()
          .atMost(Patience.SOON)
          .untilAsserted(
              () ->
                  analyze("{\"model\":\"starter\",\"prompt\":\"an apple\"}")
                      .statusCode(503)
                      .header("Retry-After", notNullValue())
                      .body("code", equalTo("too_many_analyses")));
      await()
          .atMost(Patience.SOON)
          .untilAsserted(
              () -> analyze("{\"model\":\"starter\",\"prompt\":\"an apple\"}").statusCode(200));
      analyze(body).statusCode(200).body("texts", hasSize(1));
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  private static ValidatableResponse analyze(String body) {
    // the colon is no part of a parameter: it goes as it is
    return given()
        .urlEncodingEnabled(false)
        .contentType("application/json")
        .body(body)
        .post("/v1/prompts:analyze")
        .then();
  }
}
