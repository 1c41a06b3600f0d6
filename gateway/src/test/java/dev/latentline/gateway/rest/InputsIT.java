package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.notNullValue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.contract.Limits;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@TestProfile(InputsIT.Impatient.class)
class InputsIT {
  private static final String UNKNOWN = "/v1/inputs/input_" + "ab".repeat(32);
  private static final String BOUNDARY = "----of-this-test";

  /** So that what comes slowly is given up soon. */
  public static final class Impatient implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "latentline.inputs.upload-time", "3S",
          "latentline.inputs.max-uploads", "5",
          "latentline.body-time", "3S",
          "latentline.answer-time", "3S",
          "latentline.dispatch.settled-memory", "3000",
          "latentline.pictures.piece-time", "5S",
          "latentline.pictures.max-downloads-per-tenant", "2");
    }
  }

  @Inject BlobStore store;

  @ParameterizedTest
  @CsvSource({"png, image/png", "jpeg, application/octet-stream"})
  void aPictureIsStoredAndFoundAgain(String format, String type) throws Exception {
    byte[] file = picture(48, 32, format);

    ValidatableResponse added =
        send(file, type)
            .then()
            .statusCode(201)
            .contentType("application/json")
            .header("Cache-Control", "no-store")
            .body("id", matchesPattern("input_[0-9a-f]{64}"))
            .body("object", equalTo("input"))
            .body("width", equalTo(48))
            .body("height", equalTo(32))
            .body("content_type", equalTo("image/png"))
            .body("size_bytes", notNullValue());
    String id = added.extract().path("id");
    String sha256 = added.extract().path("sha256");
    added.header("Location", endsWith("/v1/inputs/" + id)).body("url", equalTo("/v1/inputs/" + id));
    assertThat(id).isEqualTo("input_" + sha256);

    byte[] stored =
        given()
            .get("/v1/inputs/" + id)
            .then()
            .statusCode(200)
            .contentType("image/png")
            .header("ETag", "\"" + sha256 + "\"")
            .header("Cache-Control", containsString("private"))
            .header("X-Content-Type-Options", "nosniff")
            .header("Content-Security-Policy", containsString("sandbox"))
            .extract()
            .asByteArray();
    assertThat(Sha256.hex(stored)).isEqualTo(sha256);
    assertThat(store.get(ObjectKeys.input("default", sha256))).contains(stored);
    BufferedImage sent = ImageIO.read(new ByteArrayInputStream(file));
    BufferedImage got = ImageIO.read(new ByteArrayInputStream(stored));
    assertThat(got.getRGB(0, 0, 48, 32, null, 0, 48))
        .isEqualTo(sent.getRGB(0, 0, 48, 32, null, 0, 48));

    send(file, type).then().statusCode(201).body("id", equalTo(id));
    send(stored, "image/png").then().statusCode(201).body("id", equalTo(id));
    given()
        .header("If-None-Match", "\"" + sha256 + "\"")
        .get("/v1/inputs/" + id)
        .then()
        .statusCode(304);
    given()
        .header("Range", "bytes=0-7")
        .get("/v1/inputs/" + id)
        .then()
        .statusCode(206)
        .header("Content-Range", "bytes 0-7/" + stored.length);
  }

  @Test
  void theExampleOfTheDocumentHasTheFieldsOfTheAnswer() throws Exception {
    Path document = Path.of(System.getProperty("latentline.home"), "docs/api.md");
    String inputs = Files.readString(document).replaceFirst("(?s).*\n## Pictures of yours\n", "");
    String shown = inputs.replaceFirst("(?s).*?```json\n(.*?)```.*", "$1");
    String answer = send(picture(48, 32, "png"), "image/png").asString();

    assertThat(names(answer)).containsExactlyElementsOf(names(shown));
  }

  private static List<String> names(String json) throws IOException {
    List<String> names = new ArrayList<>();
    new ObjectMapper().readTree(json).fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void whatIsDeletedIsGone() {
    String path = send(picture(33, 17, "png"), "image/png").then().extract().path("url");

    given().delete(path).then().statusCode(204);

    problem(given().get(path), 404, "input_not_found");
    problem(given().header("If-None-Match", "*").get(path), 404, "input_not_found");
    problem(given().delete(path), 404, "input_not_found");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"input_", "input_..%2F..%2Fimages", "5", "input_AB", "gen_019ab3f0c0de7abc"})
  void anIdThatCannotBeIsNotThere(String id) {
    problem(given().urlEncodingEnabled(false).get("/v1/inputs/" + id), 404, "input_not_found");
    problem(given().urlEncodingEnabled(false).delete("/v1/inputs/" + id), 404, "input_not_found");
  }

  @Test
  void otherMethodsAndPathsAreProblems() {
    problem(given().get(UNKNOWN), 404, "input_not_found");
    problem(given().get("/v1/inputs"), 405, "method_not_allowed");
    problem(given().put(UNKNOWN), 405, "method_not_allowed");
  }

  @Test
  void whatIsNoPictureIsRefusedAndSaysWhatIsOne() {
    invalid(send("<svg/> or the like".getBytes(US_ASCII), "image/svg+xml"), "unsupported_picture")
        .body("errors[0].allowed.values", equalTo(List.of("image/png", "image/jpeg")));
    invalid(send(new byte[0], "image/png"), "unsupported_picture");
    byte[] png = picture(64, 64, "png");
    invalid(send(Arrays.copyOf(png, png.length / 2), "image/png"), "broken_picture");
    invalid(send(picture(15, 400, "png"), "image/png"), "out_of_range")
        .body("errors[0].allowed.min", equalTo(16));
  }

  @Test
  void aPictureOfTooManyPixelsIsRefusedAndOneOfTheMostIsTaken() throws Exception {
    invalid(send(picture(4096, 4097, "png"), "image/png"), "too_many_pixels")
        .body("errors[0].allowed.max", equalTo(Limits.MAX_INPUT_PIXELS));
    send(picture(4096, 4096, "jpeg"), "image/jpeg")
        .then()
        .statusCode(201)
        .body("width", equalTo(4096));
  }

  @Test
  void aPartThatIsMissingOrAnotherIsSaid() {
    problem(post("image", picture(32, 32, "png")), 400, "invalid_request")
        .body("errors.code", hasItem("unknown_field"));
    for (String another : List.of("steps", "picture")) {
      problem(
              given()
                  .multiPart("picture", "a.png", picture(32, 32, "png"))
                  .multiPart(another, "b.png", picture(32, 32, "png"))
                  .post("/v1/inputs"),
              400,
              "invalid_request")
          .body("errors.code", hasItem("unknown_field"))
          .body("errors[0].allowed.values", equalTo(List.of("picture")));
    }
    problem(given().multiPart("picture", "text").post("/v1/inputs"), 400, "invalid_request")
        .body("errors.code", hasItem("wrong_type"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "garbage",
        "--" + BOUNDARY + "--\r\n",
        "--" + BOUNDARY + "\r\n\r\n",
        "--"
            + BOUNDARY
            + "\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a\"\r\n\r\n",
        "--" + BOUNDARY + "\r\nContent-Disposition: nonsense\r\n\r\nx\r\n--" + BOUNDARY + "--\r\n",
      })
  void aBodyThatIsNoFormIsTheClientsMistake(String body) throws Exception {
    HttpResponse<String> response =
        exchange(
            "multipart/form-data; boundary=" + BOUNDARY, HttpRequest.BodyPublishers.ofString(body));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/json", "image/png", "multipart/mixed", ""})
  void anotherContentTypeIsAProblem(String type) throws Exception {
    HttpResponse<String> response =
        exchange(type, HttpRequest.BodyPublishers.ofByteArray(picture(32, 32, "png")));
    assertThat(response.statusCode()).isEqualTo(415);
    assertThat(response.body()).contains("unsupported_media_type", "multipart/form-data");
  }

  @Test
  void aFormWithoutABoundaryOrAnEncodedOneIsAProblem() throws Exception {
    assertThat(
            exchange("multipart/form-data", HttpRequest.BodyPublishers.ofString("x")).statusCode())
        .isIn(400, 415);
    problem(
        given()
            .header("Content-Encoding", "gzip")
            .multiPart("picture", "a.png", picture(32, 32, "png"))
            .post("/v1/inputs"),
        415,
        "unsupported_media_type");
  }

  @Test
  void aFileThatIsTooLargeIsRefused() throws Exception {
    invalid(send(new byte[Limits.MAX_INPUT_BYTES + 1], "image/png"), "too_large")
        .body("errors[0].allowed.max", equalTo(Limits.MAX_INPUT_BYTES));
    problem(send(new byte[Limits.MAX_UPLOAD_BYTES], "image/png"), 413, "body_too_large");
    byte[] file = form(new byte[Limits.MAX_UPLOAD_BYTES]);
    HttpResponse<String> ofUnknownLength =
        exchange(
            "multipart/form-data; boundary=" + BOUNDARY,
            HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(file)));
    assertThat(ofUnknownLength.statusCode()).isEqualTo(413);
    assertThat(ofUnknownLength.body()).contains("body_too_large");
  }

  @ParameterizedTest
  @CsvSource({"Host, evil.example", "Origin, https://evil.example"})
  void noPageOfAnotherOriginSendsAPicture(String header, String value) {
    problem(
        given()
            .header(header, value)
            .multiPart("picture", "a.png", picture(32, 32, "png"))
            .post("/v1/inputs"),
        403,
        "loopback_only");
  }

  @Test
  void whatComesSlowlyTakesAPlaceForAShortTimeOnly() throws Exception {
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        Socket socket = new Socket("127.0.0.1", RestAssured.port);
        slow.add(socket);
        socket
            .getOutputStream()
            .write(
                ("POST /v1/inputs HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; "
                        + "boundary=a\r\nContent-Length: 1000\r\n\r\n--a\r\n")
                    .getBytes(US_ASCII));
      }
      Awaitility.await()
          .atMost(Patience.SOON)
          .untilAsserted(
              () ->
                  problem(send(picture(32, 32, "png"), "image/png"), 503, "too_many_uploads")
                      .header("Retry-After", notNullValue())
                      .body("retryable", equalTo(true)));
      Awaitility.await()
          .atMost(Patience.SOON)
          .untilAsserted(() -> send(picture(32, 32, "png"), "image/png").then().statusCode(201));
      for (Socket socket : slow) {
        socket.setSoTimeout((int) Patience.SOON.toMillis());
        assertThat(socket.getInputStream().read()).isNegative();
      }
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  private static Response send(byte[] file, String type) {
    return given().multiPart("picture", "drawing", file, type).post("/v1/inputs");
  }

  private static Response post(String part, byte[] file) {
    return given().multiPart(part, "drawing", file, "image/png").post("/v1/inputs");
  }

  private static ValidatableResponse invalid(Response response, String code) {
    ValidatableResponse problem = problem(response, 400, "invalid_request");
    return code.isEmpty()
        ? problem
        : problem
            .body("errors[0].field", equalTo("picture"))
            .body("errors[0].code", equalTo(code))
            .body("detail", containsString("picture: "));
  }

  private static ValidatableResponse problem(Response response, int status, String code) {
    return response
        .then()
        .statusCode(status)
        .contentType("application/problem+json")
        .body("code", equalTo(code));
  }

  private static byte[] form(byte[] file) {
    String head =
        "--"
            + BOUNDARY
            + "\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a.png\"\r\n\r\n";
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    form.writeBytes(head.getBytes(US_ASCII));
    form.writeBytes(file);
    form.writeBytes(("\r\n--" + BOUNDARY + "--\r\n").getBytes(US_ASCII));
    return form.toByteArray();
  }

  private static HttpResponse<String> exchange(String type, HttpRequest.BodyPublisher body)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + RestAssured.port + "/v1/inputs"));
    if (!type.isEmpty()) {
      request.header("Content-Type", type);
    }
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .build()
        .send(request.POST(body).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static byte[] picture(int width, int height, String format) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
    for (int y = 0; y < height; y += 7) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, x * 0x10101);
      }
    }
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, format, file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file.toByteArray();
  }
}
