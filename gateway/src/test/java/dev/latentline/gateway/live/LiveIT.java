package dev.latentline.gateway.live;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Limits;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Topic;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.GenerationRequested;
import dev.latentline.proto.v1.Progress;
import dev.latentline.proto.v1.Stored;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.RecordWriter;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import jakarta.inject.Inject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A session of live mode; the test writes what the stages would write. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@Timeout(Patience.TEST_SECONDS)
class LiveIT {
  /** Longer than a WebSocket frame may be. */
  private static final int SIZE = 100_000;

  @Inject BlobStore store;
  private RecordWriter records;
  private LiveClient client;
  private byte[] picture;
  private String unique;

  @BeforeEach
  void begin() {
    records = RecordWriter.open();
    client = LiveClient.open();
    picture = new byte[SIZE];
    new Random(5).nextBytes(picture);
    unique = Long.toString(System.nanoTime());
  }

  @AfterEach
  void end() {
    client.close();
    records.close();
  }

  @Test
  void aPromptIsAnOrdinaryGenerationWhosePictureComesByItself() throws Exception {
    client.prompt(1, text("apple"));
    GenerationRequest request = inTheLine("apple");
    assertThat(request.getLive()).isTrue();
    assertThat(request.getDeadlineMs() - request.getAcceptedAtMs())
        .isEqualTo(Limits.LIVE_DEADLINE.toMillis());
    String id = request.getGenerationId();
    store(id);

    JsonPath answer = client.answer();
    assertThat(answer.getString("type")).isEqualTo("frame");
    assertThat(answer.getLong("seq")).isEqualTo(1);
    assertThat(answer.getString("generation.id")).isEqualTo(id);
    assertThat(answer.getString("generation.images[0].content_type")).isEqualTo("image/png");
    assertThat(answer.getString("generation.request.prompt")).isEqualTo(text("apple"));
    assertThat(client.picture()).isEqualTo(picture);
    given().get("/v1/generations/" + id).then().statusCode(200);
    given()
        .get("/v1/generations/" + id + "/manifest")
        .then()
        .statusCode(404)
        .body("retryable", equalTo(false));
  }

  /** A message of 64 KiB could be inflated to 64 MiB. */
  @Test
  void messagesAreNotCompressed() throws Exception {
    try (Socket socket = new Socket("127.0.0.1", RestAssured.port)) {
      socket
          .getOutputStream()
          .write(
              ("GET /v1/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                      + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                      + "Sec-WebSocket-Protocol: latentline.live.v1\r\n"
                      + "Sec-WebSocket-Extensions: permessage-deflate, deflate-frame\r\n\r\n")
                  .getBytes(US_ASCII));
      BufferedReader answer =
          new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
      assertThat(answer.readLine()).contains("101");
      List<String> headers = new ArrayList<>();
      for (String line = answer.readLine(); !line.isEmpty(); line = answer.readLine()) {
        headers.add(line.toLowerCase(Locale.ROOT));
      }
      assertThat(headers)
          .isNotEmpty()
          .noneMatch(header -> header.startsWith("sec-websocket-extensions"));
    }
  }

  @Test
  void theNewestPromptWinsAndEveryOneIsAnswered() throws Exception {
    client.prompt(1, text("a"));
    String first = inTheLine("a").getGenerationId();
    client.prompt(2, text("ab"));
    client.prompt(3, text("abc"));
    assertDropped(2);
    store(first);
    assertFrame(1);
    String third = inTheLine("abc").getGenerationId();
    store(third);
    assertFrame(3);
  }

  @Test
  void theNextBeginsWhileTheOneBeforeIsFinishedAndIsNotShownBeforeItIfItIsOlder() throws Exception {
    client.prompt(1, text("a"));
    String first = inTheLine("a").getGenerationId();
    client.prompt(2, text("ab"));
    step(first, 4, 0);
    String second = inTheLine("ab").getGenerationId();
    store(second);
    assertFrame(2);
    store(first);
    assertDropped(1);
  }

  @Test
  void whatIsWrongIsToldAndTheSessionGoesOn() throws Exception {
    client.send("{\"seq\":1,\"request\":{\"model\":\"starter\",\"prompt\":\"x\",\"count\":2}}");
    JsonPath refused = client.answer();
    assertThat(refused.getString("type")).isEqualTo("refused");
    assertThat(refused.getLong("seq")).isEqualTo(1);
    assertThat(refused.getString("problem.code")).isEqualTo("invalid_request");
    assertThat(refused.getList("problem.errors.field")).containsExactlyInAnyOrder("count", "steps");

    client.send("nonsense");
    refused = client.answer();
    assertThat(refused.getString("type")).isEqualTo("refused");
    assertThat(refused.<Object>get("seq")).isNull();

    client.prompt(1, text("again"));
    assertThat(client.answer().getString("problem.errors[0].field")).isEqualTo("seq");

    client.prompt(2, text("right"));
    store(inTheLine("right").getGenerationId());
    assertFrame(2);
  }

  @Test
  void whatFailsIsTold() throws Exception {
    client.prompt(1, text("fails"));
    String id = inTheLine("fails").getGenerationId();
    given().post("/v1/generations/" + id + "/cancel").then().statusCode(202);
    JsonPath answer = client.answer();
    assertThat(answer.getString("type")).isEqualTo("failed");
    assertThat(answer.getString("generation.status")).isEqualTo("cancelled");
  }

  @Test
  void whoeverLeavesTakesWhatIsUnderWayWithHim() throws Exception {
    String id;
    try (LiveClient leaving = LiveClient.open()) {
      leaving.prompt(1, text("left"));
      id = inTheLine("left").getGenerationId();
    }
    awaitStatus(id, "cancelled");
  }

  @Test
  void aPageOfAnotherOriginIsRefusedAtTheHandshake() {
    String own = "http://127.0.0.1:" + RestAssured.port;
    assertThat(LiveClient.status(Map.of("Origin", own), LiveClient.PROTOCOL)).isEqualTo(101);
    assertThat(LiveClient.status(Map.of())).as("no browser").isEqualTo(101);
    for (String origin :
        new String[] {"http://evil.example", "https://127.0.0.1:" + RestAssured.port, "null"}) {
      assertThat(LiveClient.status(Map.of("Origin", origin), LiveClient.PROTOCOL))
          .as(origin)
          .isEqualTo(403);
    }
  }

  @Test
  void whatIsNoWebSocketIsToldSo() {
    given()
        .get("/v1/live")
        .then()
        .statusCode(426)
        .contentType("application/problem+json")
        .header("Upgrade", "websocket")
        .body("code", equalTo("upgrade_required"));
  }

  @Test
  void aMessageThatIsTooLongOrNoTextEndsTheConnection() throws Exception {
    try (LiveClient binary = LiveClient.open()) {
      binary.sendBinary(new byte[] {1});
      assertThat(binary.closeCode()).isEqualTo(1003);
    }
    LiveClient talkative = LiveClient.open();
    talkative.send("{\"seq\":1,\"request\":{}}" + " ".repeat(Limits.MAX_LIVE_MESSAGE_BYTES));
    assertThat(talkative.closeCode()).isEqualTo(1009);
  }

  @Test
  void thePageIsServedAndRunsNothingButItsOwn() {
    for (String path : new String[] {"/live/", "/live/live.js", "/live/live.css"}) {
      given()
          .get(path)
          .then()
          .statusCode(200)
          .header(
              "Content-Security-Policy", org.hamcrest.Matchers.startsWith("default-src 'none'"));
    }
  }

  private String text(String prompt) {
    return prompt + " " + unique;
  }

  /** The request of a prompt, once the owner has let it in. */
  private GenerationRequest inTheLine(String prompt) {
    ConsumerRecord<String, byte[]> record =
        RecordReader.open()
            .read(
                Topic.GENERATION_REQUESTED.topicName(),
                requested -> requested(requested).getPrompt().equals(text(prompt)),
                found -> !found.isEmpty(),
                Patience.SOON)
            .get(0);
    return requested(record);
  }

  private static GenerationRequest requested(ConsumerRecord<String, byte[]> record) {
    try {
      return GenerationRequested.parseFrom(record.value()).getRequest();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private void assertDropped(long seq) throws InterruptedException {
    JsonPath answer = client.answer();
    assertThat(answer.getString("type")).isEqualTo("dropped");
    assertThat(answer.getLong("seq")).isEqualTo(seq);
  }

  private void assertFrame(long seq) throws InterruptedException {
    JsonPath answer = client.answer();
    assertThat(answer.getString("type")).isEqualTo("frame");
    assertThat(answer.getLong("seq")).isEqualTo(seq);
    assertThat(client.picture()).isEqualTo(picture);
  }

  private static void awaitStatus(String id, String status) {
    await()
        .atMost(Patience.SOON)
        .until(() -> given().get("/v1/generations/" + id).path("status"), status::equals);
  }

  private void step(String id, int step, long etaMs) {
    write(
        Topic.GENERATION_PROGRESS,
        id,
        Progress.newBuilder()
            .setGenerationId(id)
            .setStep(step)
            .setSteps(4)
            .setEtaMs(etaMs)
            .build()
            .toByteArray(),
        "Progress");
  }

  private void store(String id) {
    String key = ObjectKeys.image("default", id, 0, "png");
    store.put(key, picture, "image/png");
    GenerationEvent event =
        GenerationEvent.newBuilder()
            .setGenerationId(id)
            .setAtMs(System.currentTimeMillis())
            .setStored(
                Stored.newBuilder().setKey(key).setContentType("image/png").setSizeBytes(SIZE))
            .build();
    write(Topic.GENERATION_EVENT, id, event.toByteArray(), "GenerationEvent");
  }

  private void write(Topic topic, String id, byte[] value, String type) {
    records.write(
        topic.topicName(),
        id,
        value,
        RecordWriter.headers(id, Instant.now().plusSeconds(60), type));
  }
}
