package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.nullValue;

import com.google.protobuf.ByteString;
import dev.latentline.contract.Limits;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Topic;
import dev.latentline.gateway.line.Generations;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.Progress;
import dev.latentline.proto.v1.Safety;
import dev.latentline.proto.v1.Stored;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordWriter;
import dev.latentline.testkit.TestStack;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A generation from its acceptance to its picture; the test writes what the stages would write. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
class FollowIT {
  /** More than is read at once. */
  private static final int SIZE = 600_000;

  private static final int PREVIEW_SIZE = 5000;

  @Inject BlobStore store;
  @Inject Generations generations;
  private RecordWriter records;
  private byte[] picture;
  private String sha256;

  @BeforeEach
  void begin() throws Exception {
    records = RecordWriter.open();
    picture = new byte[SIZE];
    new Random(5).nextBytes(picture);
    sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(picture));
  }

  @AfterEach
  void end() {
    records.close();
  }

  @Test
  void aClientFollowsUntilThePictureIsThere() throws Exception {
    String id = submit();
    EventLines events = EventLines.open(id, Map.of());

    EventLines.Event snapshot = events.next();
    assertThat(snapshot.name()).isEqualTo("snapshot");
    assertThat(snapshot.id()).matches("\\d+");
    assertThat(snapshot.data().getString("id")).isEqualTo(id);
    awaitStatus(id, "running");

    write(progress(id, 10).build());
    EventLines.Event progress = next(events, "progress");
    assertThat(progress.data().getInt("image_index")).isZero();
    assertThat(progress.data().getInt("step")).isEqualTo(10);
    assertThat(progress.data().getInt("steps")).isEqualTo(25);
    assertThat(progress.data().getDouble("progress")).isBetween(0.1, 0.9);
    assertThat(progress.data().<Object>get("eta_ms")).as("was not told").isNull();

    store(id);
    List<EventLines.Event> rest = events.rest();
    EventLines.Event last = rest.get(rest.size() - 1);
    assertThat(last.name()).isEqualTo("state");
    assertThat(last.data().getString("status")).isEqualTo("succeeded");
    assertThat(last.data().getDouble("progress")).isEqualTo(1);
    assertThat(last.data().getString("images[0].sha256")).isEqualTo(sha256);
    assertThat(rest)
        .extracting(EventLines.Event::id)
        .isSortedAccordingTo((a, b) -> Long.compare(Long.parseLong(a), Long.parseLong(b)));

    assertThat(EventLines.open(id, Map.of("Last-Event-ID", last.id())).status()).isEqualTo(204);
    List<EventLines.Event> again =
        EventLines.open(id, Map.of("Last-Event-ID", snapshot.id())).rest();
    assertThat(again).extracting(EventLines.Event::name).containsExactly("snapshot");
    assertThat(again.get(0).data().getString("status")).isEqualTo("succeeded");
    assertThat(EventLines.open(id, Map.of("Last-Event-ID", "x")).rest()).hasSize(1);
  }

  @Test
  void previewsComeToThoseWhoAskForThem() throws Exception {
    String id = submit();
    EventLines with = EventLines.open(id, "?previews=true", Map.of());
    EventLines without = EventLines.open(id, "?previews=false", Map.of());
    next(with, "snapshot");
    next(without, "snapshot");
    awaitStatus(id, "running");

    byte[] shown = Arrays.copyOf(picture, PREVIEW_SIZE);
    byte[] large = new byte[Limits.MAX_PREVIEW_BYTES + 1];
    write(progress(id, 1).setEtaMs(60_000).build());
    write(progress(id, 2).setEtaMs(50_000).setPreview(ByteString.copyFrom(shown)).build());
    write(progress(id, 3).setEtaMs(40_000).setPreview(ByteString.copyFrom(large)).build());
    write(progress(id, 4).setEtaMs(30_000).build());

    EventLines.Event progress = next(with, "progress");
    assertThat(progress.data().getInt("eta_ms")).isBetween(50_000, 60_000);
    EventLines.Event preview = next(with, "preview");
    assertThat(preview.data().getString("id")).isEqualTo(id);
    assertThat(preview.data().getInt("image_index")).isZero();
    assertThat(preview.data().getInt("step")).isEqualTo(2);
    assertThat(preview.data().getString("image"))
        .isEqualTo("data:image/png;base64," + Base64.getEncoder().encodeToString(shown));
    assertThat(given().get("/v1/generations/" + id).<Integer>path("eta_ms")).isBetween(1, 60_000);

    store(id);
    assertThat(with.rest()).extracting(EventLines.Event::name).doesNotContain("preview");
    assertThat(without.rest())
        .extracting(EventLines.Event::name)
        .contains("progress")
        .doesNotContain("preview");
    given().get("/v1/generations/" + id).then().body("eta_ms", nullValue());
  }

  @Test
  void whetherPreviewsAreWantedIsTrueOrFalse() {
    given()
        .queryParam("previews", "yes")
        .get("/v1/generations/" + submit() + "/events")
        .then()
        .statusCode(400)
        .contentType("application/problem+json")
        .body("code", equalTo("invalid_request"))
        .body("errors[0].field", equalTo("previews"))
        .body("errors[0].allowed.values", equalTo(List.of("true", "false")));
  }

  @Test
  void aPictureIsServedWholeInPartsAndNotTwice() throws Exception {
    String id = stored();
    String url = "/v1/generations/" + id + "/images/0";
    String tag = "\"" + sha256 + "\"";
    given()
        .get("/v1/generations/" + id)
        .then()
        .body("images", hasSize(1))
        .body("images[0].url", equalTo(url))
        .body("images[0].sha256", equalTo(sha256))
        .body("images[0].seed", equalTo(7))
        .body("images[0].safety.flagged", equalTo(true))
        .body("images[0].safety.blurred", equalTo(false))
        .body("images[0].safety.scores.porn", equalTo(0.875f));

    byte[] whole =
        given()
            .get(url)
            .then()
            .statusCode(200)
            .contentType("image/png")
            .header("ETag", tag)
            .header("Content-Length", "" + SIZE)
            .header("Accept-Ranges", "bytes")
            .header("X-Content-Type-Options", "nosniff")
            .header("Content-Security-Policy", containsString("sandbox"))
            .header("Cache-Control", containsString("immutable"))
            .header("Content-Disposition", equalTo("inline; filename=\"" + id + "-0.png\""))
            .extract()
            .asByteArray();
    assertThat(whole).isEqualTo(picture);

    given()
        .head(url)
        .then()
        .statusCode(200)
        .header("ETag", tag)
        .header("Content-Length", "" + SIZE);
    given().header("If-None-Match", tag).get(url).then().statusCode(304).header("ETag", tag);
    given().header("If-None-Match", "\"other\"").get(url).then().statusCode(200);

    byte[] part =
        given()
            .header("Range", "bytes=100-300099")
            .get(url)
            .then()
            .statusCode(206)
            .header("Content-Range", "bytes 100-300099/" + SIZE)
            .header("Content-Length", "300000")
            .extract()
            .asByteArray();
    assertThat(part).isEqualTo(Arrays.copyOfRange(picture, 100, 300_100));
    given()
        .header("Range", "bytes=0-9")
        .header("If-Range", "\"other\"")
        .get(url)
        .then()
        .statusCode(200);
    given()
        .header("Range", "bytes=" + SIZE + "-")
        .get(url)
        .then()
        .statusCode(416)
        .header("Content-Range", "bytes */" + SIZE)
        .body("code", equalTo("range_not_satisfiable"));
    given()
        .get("/v1/generations/" + id + "/images/1")
        .then()
        .statusCode(404)
        .body("code", equalTo("image_not_found"));
  }

  @Test
  void whatIsNotYetThereMayBeAskedForAgain() {
    String id = submit();
    for (String path : List.of("/images/0", "/manifest")) {
      given()
          .get("/v1/generations/" + id + path)
          .then()
          .statusCode(404)
          .body("retryable", equalTo(true));
    }
  }

  @Test
  void theManifestIsThereAfterTheEnd() throws Exception {
    String id = stored();
    await()
        .atMost(Patience.SOON)
        .untilAsserted(
            () ->
                given()
                    .get("/v1/generations/" + id + "/manifest")
                    .then()
                    .statusCode(200)
                    .contentType("application/json"));
    byte[] manifest = given().get("/v1/generations/" + id + "/manifest").asByteArray();
    assertThat(store.get(ObjectKeys.manifest("default", id))).contains(manifest);
  }

  @Test
  void whatIsNoLongerInMemoryIsShownAsBefore() throws Exception {
    String id = submit();
    Map<String, Object> before = given().get("/v1/generations/" + id).path("request");
    assertThat(before)
        .containsEntry("prompt", "a red apple")
        .containsEntry("metadata", Map.of("order", "4711"));
    store(id);
    await()
        .atMost(Patience.SOON)
        .until(() -> !generations.find("default", id).orElseThrow().hasPrompts());

    assertThat(given().get("/v1/generations/" + id).<Object>path("request")).isEqualTo(before);
    assertThat(given().post("/v1/generations/" + id + "/cancel").<Object>path("request"))
        .isEqualTo(before);
    EventLines.Event snapshot = EventLines.open(id, Map.of()).next();
    assertThat(snapshot.data().getString("request.prompt")).isEqualTo("a red apple");
  }

  /** A browser comes again by itself, but after a 503 never. */
  @Test
  void whoComesAgainWhileItCannotBeToldIsToldToComeOnceMore() throws Exception {
    String id = submit();
    store(id);
    await()
        .atMost(Patience.SOON)
        .until(() -> !generations.find("default", id).orElseThrow().hasPrompts());
    Map<String, String> again = Map.of("Last-Event-ID", "0");
    TestStack.shared().killStore();
    try {
      EventLines notNow = EventLines.open(id, again);
      assertThat(notNow.status()).isEqualTo(200);
      assertThat(notNow.lines())
          .anyMatch(line -> line.matches("retry: ?2000"))
          .noneMatch(line -> line.startsWith("id") || line.startsWith("data"));
      assertThat(EventLines.open(id, Map.of()).status()).isEqualTo(503);
    } finally {
      TestStack.shared().startStore();
    }
    assertThat(EventLines.open(id, again).rest())
        .extracting(EventLines.Event::name)
        .containsExactly("snapshot");
  }

  private String stored() {
    String id = submit();
    store(id);
    awaitStatus(id, "succeeded");
    return id;
  }

  private String submit() {
    return given()
        .contentType("application/json")
        .body(
            "{\"model\":\"starter\",\"prompt\":\"a red apple\",\"seed\":7,\"metadata\":{\"order\":\"4711\"}}")
        .post("/v1/generations")
        .then()
        .statusCode(202)
        .extract()
        .path("id");
  }

  private static void awaitStatus(String id, String status) {
    await()
        .atMost(Patience.SOON)
        .until(
            () -> given().get("/v1/generations/" + id).then().extract().path("status"),
            status::equals);
  }

  private static EventLines.Event next(EventLines events, String name) {
    EventLines.Event event = events.next();
    while (!event.name().equals(name)) {
      event = events.next();
    }
    return event;
  }

  private static Progress.Builder progress(String id, int step) {
    return Progress.newBuilder().setGenerationId(id).setStep(step).setSteps(25);
  }

  private void write(Progress progress) {
    write(
        Topic.GENERATION_PROGRESS, progress.getGenerationId(), progress.toByteArray(), "Progress");
  }

  private void store(String id) {
    String key = ObjectKeys.image("default", id, 0, "png");
    store.put(key, picture, "image/png");
    Stored stored =
        Stored.newBuilder()
            .setKey(key)
            .setContentType("image/png")
            .setSizeBytes(SIZE)
            .setWidth(128)
            .setHeight(128)
            .setSha256(sha256)
            .setPixelsSha256(sha256)
            .setSeed(7)
            .setSafety(Safety.newBuilder().putScores("porn", 0.875f).setFlagged(true))
            .build();
    GenerationEvent event =
        GenerationEvent.newBuilder()
            .setGenerationId(id)
            .setAtMs(System.currentTimeMillis())
            .setStored(stored)
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
