package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.Topic;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.RecordReader;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What no well-behaved client sends. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
class RawRequestIT {
  @Test
  void aPageOfOurOwnIsServed() throws IOException {
    String authority = "localhost:" + RestAssured.port;
    assertThat(
            status("GET /v1/models HTTP/1.1", "Host: " + authority, "Origin: http://" + authority))
        .isEqualTo(200);
    assertThat(status("GET /v1/models HTTP/1.1", "Host: [::1]")).isEqualTo(200);
  }

  @Test
  void aRequestWithoutOneClearHostIsNotServed() throws IOException {
    assertThat(status("GET /v1/models HTTP/1.0")).isIn(400, 403);
    assertThat(status("GET /v1/models HTTP/1.1")).isIn(400, 403);
    assertThat(status("GET /v1/models HTTP/1.1", "Host: ")).isIn(400, 403);
    assertThat(status("GET /v1/models HTTP/1.1", "Host: localhost", "Host: evil.example"))
        .isIn(400, 403);
    assertThat(status("GET /v1/models HTTP/1.1", "Host: evil.example", "Host: localhost"))
        .isIn(400, 403);
    assertThat(status("GET http://localhost/v1/models HTTP/1.1", "Host: evil.example"))
        .isIn(400, 403, 404);
  }

  @Test
  void aHostCannotBeSmuggledThroughForwardingHeaders() throws IOException {
    assertThat(
            status(
                "GET /v1/models HTTP/1.1",
                "Host: evil.example",
                "X-Forwarded-Host: localhost",
                "Forwarded: host=localhost"))
        .isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 99999999999999999999",
        "Content-Length: -1",
        "Content-Length: abc",
        "Content-Length: 65537"
      })
  void aLengthThatCannotBeIsRefused(String length) throws IOException {
    assertThat(
            status(
                "POST /v1/generations HTTP/1.1",
                "Host: localhost",
                "Content-Type: application/json",
                length))
        .isIn(400, 413);
  }

  @Test
  void anEmptyIdempotencyKeyIsNotTakenForNone() throws IOException {
    String body = "{\"model\":\"starter\",\"prompt\":\"x\"}";
    assertThat(
            status(
                "POST /v1/generations HTTP/1.1",
                "Host: localhost",
                "Content-Type: application/json",
                "Content-Length: " + body.length(),
                "Idempotency-Key: ",
                "Connection: close",
                "",
                body))
        .isEqualTo(400);
  }

  @Test
  void aTooLongLineAndTooManyHeadersAreRefused() throws IOException {
    assertThat(status("GET /v1/" + "a".repeat(5000) + " HTTP/1.1", "Host: localhost"))
        .isEqualTo(414);
    assertThat(
            status("GET /v1/models HTTP/1.1", "Host: localhost", "X-Filler: " + "a".repeat(20_000)))
        .isEqualTo(431);
  }

  @Test
  void whatIsRefusedNeverReachesTheBroker() {
    List<String> refused =
        List.of(
            "{\"model\":\"starter\",\"prompt\":\"MARKER\",\"steps\":0}",
            "{\"model\":\"starter\",\"prompt\":\"MARKER\",\"prompt\":\"MARKER\"}",
            "{\"model\":\"large\",\"prompt\":\"MARKER\"}",
            "{\"model\":\"starter\",\"prompt\":\"MARKER\",\"extra\":1}",
            "{\"model\":\"starter\",\"prompt\":\"MARKER\",\"webhook\":{\"url\":\"http://10.0.0.1\"}}",
            "{\"model\":\"starter\",\"prompt\":\"MARKER\"");
    for (String body : refused) {
      assertThat(submit(body)).isEqualTo(400);
    }
    // what is accepted afterwards is there, so what came before would be too
    assertThat(submit("{\"model\":\"starter\",\"prompt\":\"AFTERWARDS\"}")).isEqualTo(202);

    List<String> facts =
        RecordReader.open().all(Topic.GENERATION_EVENT.topicName()).stream()
            .map(record -> new String(record.value(), UTF_8))
            .toList();
    assertThat(facts).anyMatch(fact -> fact.contains("AFTERWARDS"));
    assertThat(facts).noneMatch(fact -> fact.contains("MARKER"));
  }

  private static int submit(String body) {
    return given().contentType("application/json").body(body).post("/v1/generations").statusCode();
  }

  /** The status of the answer to exactly these lines. */
  private static int status(String... lines) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", RestAssured.port)) {
      socket.setSoTimeout(10_000);
      String request = String.join("\r\n", lines) + "\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      String answer =
          new String(socket.getInputStream().readNBytes(12), StandardCharsets.ISO_8859_1);
      assertThat(answer).matches("HTTP/1\\.[01] \\d{3}");
      return Integer.parseInt(answer.substring(9));
    }
  }
}
