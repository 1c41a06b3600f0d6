package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.testkit.LatentlineStack;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
class GatewayRestIT {
  private static final String UNKNOWN = "gen_019ab3f0c0de7abc8123456789abcdef";
  private static final String APPLE = "{\"model\":\"starter\",\"prompt\":\"a red apple\"}";

  @Test
  void aValidRequestIsAcceptedAndFoundAgain() {
    ValidatableResponse accepted =
        json()
            .body(
                """
                {"model":"starter","prompt":"a red apple","seed":42,"count":2,"upscale":4,
                 "metadata":{"order":"7"}}
                """)
            .post("/v1/generations")
            .then()
            .statusCode(202)
            .contentType("application/json")
            .header("Cache-Control", "no-store")
            .header("X-Content-Type-Options", "nosniff")
            .body("id", matchesPattern("gen_[0-9a-f]{32}"))
            .body("object", equalTo("generation"))
            .body("status", equalTo("queued"))
            .body("progress", equalTo(0f))
            .body("images", hasSize(0))
            .body("error", nullValue())
            .body("timings.accepted_at", notNullValue())
            .body("request.model", startsWith("starter@sha256:"))
            .body("request.seed", equalTo(42))
            .body("request.count", equalTo(2))
            .body("request.upscale", equalTo(4))
            .body("request.upscaler", startsWith("esrgan-slim@sha256:"))
            .body("request.steps", equalTo(25))
            .body("request.guidance_scale", equalTo(3f))
            .body("request.sampler", equalTo("ddim"))
            .body("request.deadline_s", equalTo(3600))
            .body("request.metadata.order", equalTo("7"));
    String id = accepted.extract().path("id");
    assertThat(accepted.extract().header("Location")).endsWith("/v1/generations/" + id);

    given().get("/v1/generations/" + id).then().statusCode(200).body("id", equalTo(id));
  }

  @Test
  void whatARequestWasMadeOfCanBeSentAgain() {
    String id =
        json().body(APPLE).post("/v1/generations").then().statusCode(202).extract().path("id");
    Object request = given().get("/v1/generations/" + id).then().extract().path("request");

    json()
        .body(request)
        .post("/v1/generations")
        .then()
        .statusCode(202)
        .body("request", equalTo(request))
        .body("id", not(equalTo(id)));
  }

  @Test
  void everythingWrongIsSaidAtOnceAsAProblem() {
    problem(
            json()
                .body("{\"prompt\":\"\",\"steps\":0,\"sampler\":\"x\",\"size\":\"128x128\"}")
                .post("/v1/generations"),
            400,
            "invalid_request")
        .body("retryable", equalTo(false))
        .body("errors.field", hasItems("model", "prompt", "steps", "sampler", "size"))
        .body("errors.find { it.field == 'steps' }.allowed.min", equalTo(1))
        .body("errors.find { it.field == 'steps' }.code", equalTo("out_of_range"))
        .body("errors.find { it.field == 'sampler' }.allowed.values", hasItem("euler"));
  }

  @Test
  void theLimitsOfTheModelHold() {
    problem(
            json()
                .body("{\"model\":\"starter\",\"prompt\":\"x\",\"width\":512,\"height\":100}")
                .post("/v1/generations"),
            400,
            "invalid_request")
        .body("errors.find { it.field == 'width' }.allowed.max", equalTo(256))
        .body("errors.find { it.field == 'height' }.allowed.multiple_of", equalTo(32));
    problem(
            json()
                .body("{\"model\":\"starter\",\"prompt\":\"x\",\"upscale\":3}")
                .post("/v1/generations"),
            400,
            "invalid_request")
        .body("detail", equalTo("upscale: Must be one of [1, 2, 4]"))
        .body("errors[0].allowed.values", equalTo(List.of(1, 2, 4)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://example.com/",
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "https://gateway.internal/",
        "https://user:secret@example.com/"
      })
  void aWebhookToTheInsideIsRefusedWithoutRepeatingIt(String url) {
    String body =
        problem(
                json()
                    .body(
                        "{\"model\":\"starter\",\"prompt\":\"x\",\"webhook\":{\"url\":\""
                            + url
                            + "\"}}")
                    .post("/v1/generations"),
                400,
                "invalid_request")
            .body("errors[0].field", equalTo("webhook.url"))
            .extract()
            .asString();
    assertThat(body).doesNotContain(url);
  }

  @Test
  void aWebhookToANameWithoutAddressIsRefused() {
    problem(
            json()
                .body(
                    "{\"model\":\"starter\",\"prompt\":\"x\","
                        + "\"webhook\":{\"url\":\"https://nobody.invalid/\"}}")
                .post("/v1/generations"),
            400,
            "invalid_request")
        .body("errors[0].code", equalTo("name_not_resolved"));
  }

  @ParameterizedTest
  @ValueSource(ints = {64 * 1024 + 1, 500_000, 3_000_000})
  void aBodyThatIsTooLongIsAProblem(int size) {
    problem(json().body(" ".repeat(size)).post("/v1/generations"), 413, "body_too_large");
  }

  @ParameterizedTest
  @ValueSource(ints = {64 * 1024 + 1, 3_000_000})
  void aBodyOfUnknownLengthIsReadNoFurtherThanTheLimit(int size) throws Exception {
    HttpResponse<String> response =
        send(
            request("application/json")
                .POST(
                    HttpRequest.BodyPublishers.ofInputStream(
                        () -> new ByteArrayInputStream(" ".repeat(size).getBytes(UTF_8)))));
    assertThat(response.statusCode()).isEqualTo(413);
    assertThat(response.body()).contains("body_too_large");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""})
  void anotherContentTypeIsAProblem(String type) throws Exception {
    HttpResponse<String> response =
        send(request(type).POST(HttpRequest.BodyPublishers.ofString(APPLE)));
    assertThat(response.statusCode()).isEqualTo(415);
    assertThat(response.body()).contains("unsupported_media_type");
  }

  @Test
  void anEncodedBodyIsAProblem() {
    problem(
        json().header("Content-Encoding", "gzip").body(APPLE).post("/v1/generations"),
        415,
        "unsupported_media_type");
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /, 404, not_found",
    "GET, /v1, 404, not_found",
    "GET, /v1/nothing, 404, not_found",
    "GET, /v1/models/nothing, 404, model_not_found",
    "GET, /v1/models/starter@sha256:00, 404, model_not_found",
    "GET, /v1/models/starter/nothing, 404, not_found",
    "PUT, /v1/generations, 405, method_not_allowed",
    "TRACE, /v1/models, 405, method_not_allowed",
    "PATCH, /v1/models, 405, method_not_allowed",
    "GET, /v1/generations/gen_019ab3f0c0de7abc8123456789abcdef/images/x, 404, not_found",
    "GET, /v1/generations/gen_019ab3f0c0de7abc8123456789abcdef/images/0, 404, generation_not_found",
    "GET, /v1/generations/gen_019ab3f0c0de7abc8123456789abcdef, 404, generation_not_found",
    "GET, /v1/generations/gen_019ab3f0c0de7abc8123456789abcdef/manifest, 404, generation_not_found",
    "GET, /v1/generations/gen_019ab3f0c0de7abc8123456789abcdef/events, 404, generation_not_found",
    "POST, /v1/generations/gen_019ab3f0c0de7abc8123456789abcdef/cancel, 404, generation_not_found",
    "GET, /v1/generations/5, 404, generation_not_found",
    "GET, /v1/generations/..%2F..%2Fmodels, 404, generation_not_found",
  })
  void whatIsNotThereIsAProblem(String method, String path, int status, String code) {
    problem(given().urlEncodingEnabled(false).request(method, path), status, code);
  }

  @Test
  void anAnswerThatCannotBeMadeIsAProblem() {
    problem(given().accept("application/xml").get("/v1/models"), 406, "not_acceptable");
  }

  @Test
  void theModelsAreListed() {
    given()
        .get("/v1/models")
        .then()
        .statusCode(200)
        .body("object", equalTo("list"))
        .body("data.id", hasItem("starter"))
        .body("data.object", everyItem(equalTo("model")))
        .body("data[0].created", notNullValue())
        .body("data[0].owned_by", equalTo("latentline"))
        .body("data[0].family", notNullValue())
        .body("data[0].licence", notNullValue())
        .body("data[0].digest", startsWith("sha256:"))
        .body("data[0].defaults.steps", equalTo(25))
        .body("data[0].limits.max_width", equalTo(256))
        .body("data[0].limits.size_multiple", equalTo(32))
        .body("data[0].limits.upscale", equalTo(List.of(1, 2, 4)))
        .body("upscalers.id", equalTo(List.of("esrgan-slim")))
        .body("upscalers[0].digest", startsWith("sha256:"))
        .body("upscalers[0].factors", equalTo(List.of(2, 4)))
        .body("controlnets.id", hasItem("starter-edges"))
        .body("controlnets[0].digest", startsWith("sha256:"))
        .body("controlnets[0].licence", notNullValue());
  }

  @Test
  void aModelSaysWhatItCanDoAndWhatForNumbersItTakes() {
    String digest =
        given()
            .get("/v1/models/starter")
            .then()
            .statusCode(200)
            .body("id", equalTo("starter"))
            .body(
                "capabilities",
                equalTo(
                    List.of("text_to_image", "controls", "image_prompts", "previews", "upscale")))
            .body("loras", equalTo(List.of()))
            .body("controlnets", equalTo(List.of("starter-edges")))
            .body("defaults.guidance_scale", equalTo(3f))
            .body("defaults.sampler", equalTo("ddim"))
            .body("defaults.schedule", equalTo("normal"))
            .body("defaults.prompt_syntax", equalTo("plain"))
            .body("defaults.width", equalTo(128))
            .body("limits.min_steps", equalTo(1))
            .body("limits.max_steps", equalTo(150))
            .body("limits.min_guidance_scale", equalTo(0f))
            .body("limits.max_guidance_scale", equalTo(30f))
            .body("limits.max_count", equalTo(16))
            .body("limits.samplers", hasItem("euler_a"))
            .body("limits.schedules", hasItem("karras"))
            .body("licence", equalTo("Apache-2.0 AND MIT"))
            .extract()
            .path("digest");

    given()
        .urlEncodingEnabled(false)
        .get("/v1/models/starter@" + digest)
        .then()
        .statusCode(200)
        .body("digest", equalTo(digest));
  }

  @Test
  void theExampleOfTheDocumentIsWhatIsAnswered() throws Exception {
    Path document = Path.of(System.getProperty("latentline.home"), "docs/api.md");
    String models = Files.readString(document).replaceFirst("(?s).*\n## Models\n", "");
    String shown = models.replaceFirst("(?s).*?```json\n(.*?)```.*", "$1");
    ObjectNode example = (ObjectNode) new ObjectMapper().readTree(shown);
    ObjectNode answer =
        (ObjectNode) new ObjectMapper().readTree(given().get("/v1/models/starter").asString());

    for (String list : List.of("samplers", "schedules")) {
      assertThat(answer.at("/limits/" + list)).containsAll(example.at("/limits/" + list));
      answer.withObject("/limits").set(list, example.at("/limits/" + list));
    }
    answer.set("digest", example.get("digest"));
    assertThat(answer).isEqualTo(example);
  }

  @Test
  void theSecretOfTheDefaultEndpointIsThere() {
    given()
        .get("/v1/webhook_endpoints/default")
        .then()
        .statusCode(200)
        .header("Cache-Control", "no-store")
        .body("id", equalTo("default"))
        .body("secret", matchesPattern("whsec_[A-Za-z0-9+/]{43}="));
  }

  @Test
  void aCancelIsTakenAndOneOfSomethingEndedChangesNothing() {
    String id =
        json().body(APPLE).post("/v1/generations").then().statusCode(202).extract().path("id");

    given()
        .post("/v1/generations/" + id + "/cancel")
        .then()
        .statusCode(202)
        .body("id", equalTo(id));

    String events =
        given()
            .accept("text/event-stream")
            .get("/v1/generations/" + id + "/events")
            .then()
            .statusCode(200)
            .contentType(startsWith("text/event-stream"))
            .extract()
            .asString();
    assertThat(events).contains("event:snapshot").contains("\"cancelled\"");
    given()
        .post("/v1/generations/" + id + "/cancel")
        .then()
        .statusCode(200)
        .body("status", equalTo("cancelled"));
    given()
        .get("/v1/generations/" + id + "/images/0")
        .then()
        .statusCode(404)
        .body("code", equalTo("image_not_found"))
        .body("retryable", equalTo(false));
  }

  @ParameterizedTest
  @CsvSource({
    "Host, evil.example",
    "Host, localhost.evil.example:8080",
    "Origin, https://evil.example",
    "Origin, null",
  })
  void withoutKeysOnlyThisMachineIsServed(String header, String value) {
    for (String path : List.of("/v1/models", "/q/openapi", "/v1/generations/" + UNKNOWN)) {
      problem(given().header(header, value).get(path), 403, "loopback_only");
    }
  }

  @Test
  void theApiIsDescribed() {
    given()
        .get("/q/openapi?format=json")
        .then()
        .statusCode(200)
        .body("paths.'/v1/generations'.post.responses", notNullValue())
        .body("paths.'/v1/generations/{id}/events'.get", notNullValue())
        .body("components.schemas.Submission.properties.negative_prompt", notNullValue())
        .body("components.schemas.Submission.required", equalTo(List.of("model")))
        .body("components.schemas.ImagePrompt.properties.weight.maximum", equalTo(3))
        .body("components.schemas.Submission.properties.upscale.enum", equalTo(List.of(1, 2, 4)));
  }

  private static ValidatableResponse problem(Response response, int status, String code) {
    return response
        .then()
        .statusCode(status)
        .contentType("application/problem+json")
        .header("Cache-Control", containsString("no-store"))
        .body("type", equalTo("urn:latentline:problem:" + code))
        .body("status", equalTo(status))
        .body("code", equalTo(code))
        .body("title", notNullValue())
        .body("detail", notNullValue())
        .body("retryable", notNullValue());
  }

  private static RequestSpecification json() {
    return given().contentType("application/json");
  }

  /** A POST without REST Assured's own ideas of a content type. */
  private static HttpRequest.Builder request(String contentType) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
            URI.create("http://localhost:" + RestAssured.port + "/v1/generations"));
    return contentType.isEmpty() ? request : request.header("Content-Type", contentType);
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .build()
        .send(request.build(), HttpResponse.BodyHandlers.ofString());
  }
}
