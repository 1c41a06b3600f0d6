package dev.latentline.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.standardwebhooks.Webhook;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.contract.Topic;
import dev.latentline.embedded.Checkout;
import dev.latentline.local.docs.Markdown;
import dev.latentline.local.stack.EmbeddedStack;
import dev.latentline.local.stack.Role;
import dev.latentline.local.stack.StackPorts;
import dev.latentline.local.stack.StackRecord;
import dev.latentline.local.stack.StateFolder;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationEvent.FactCase;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.WebhookReceiver;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The whole line, from REST to PNG: broker, store and five services as they run for users. */
@Timeout(Patience.TEST_SECONDS)
class LineST {
  private static final Duration SOON = Patience.SOON;
  private static final Set<FactCase> TERMINAL =
      EnumSet.of(FactCase.SUCCEEDED, FactCase.FAILED, FactCase.CANCELLED);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private static StateFolder state;
  private static StackPorts ports;
  private static EmbeddedStack stack;

  @BeforeAll
  static void start() {
    state =
        new StateFolder(
            Path.of("target", "line-" + ProcessHandle.current().pid()).toAbsolutePath());
    ports = StackPorts.of(null, Stream.of(Role.values()).map(role -> role.id() + "=0").toList());
    stack = new EmbeddedStack(Checkout.current(), state, ports, System.err::println);
    assertThat(stack.lock()).isTrue();
    stack.start(false);
  }

  @AfterAll
  static void stop() {
    stack.stop();
  }

  @Test
  void aPromptBecomesAPictureAndEverythingThatIsSaidOfItIsTrue() throws Exception {
    JsonNode accepted = submit(request(7).put("negative_prompt", "blurry"));
    String id = accepted.at("/id").asText();

    List<SentEvent> events = follow(id);

    assertThat(events.get(0).name()).isEqualTo("snapshot");
    assertThat(events).extracting(SentEvent::offset).isSorted();
    assertThat(events).extracting(event -> event.data().at("/progress").asDouble()).isSorted();
    assertThat(events).extracting(SentEvent::name).contains("progress");
    JsonNode ended = events.get(events.size() - 1).data();
    assertThat(ended.at("/status").asText()).isEqualTo("succeeded");
    assertThat(withoutTimes(get(id))).isEqualTo(withoutTimes(ended));
    JsonNode image = ended.at("/images/0");
    byte[] png = bytes(image.at("/url").asText());
    BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
    assertThat(picture.getWidth()).isEqualTo(128);
    assertThat(picture.getHeight()).isEqualTo(128);
    assertThat(image.at("/sha256").asText()).isEqualTo(sha256(png));
    assertThat(image.at("/pixels_sha256").asText()).isEqualTo(sha256(rgb(picture)));
    assertThat(new String(png, StandardCharsets.ISO_8859_1))
        .contains("a red apple\nNegative prompt: blurry\nSteps: 8, Sampler: DDIM")
        .contains("Seed: 7, Size: 128x128");
    // a red apple on white: red in the middle, light in the corner
    int middle = picture.getRGB(64, 72);
    assertThat(middle >> 16 & 0xff).isGreaterThan((middle & 0xff) + 60);
    assertThat(picture.getRGB(2, 2) & 0xff).isGreaterThan(200);
    JsonNode manifest = manifest(id);
    assertThat(manifest.at("/status").asText()).isEqualTo("succeeded");
    assertThat(manifest.at("/request/seed").asLong()).isEqualTo(7);
    assertThat(manifest.at("/images/0/sha256")).isEqualTo(image.at("/sha256"));
    assertThat(manifest.at("/images/0/runtime_class/provider").asText()).isEqualTo("cpu");
    assertThat(manifest.at("/model/digest").asText()).startsWith("sha256:");
  }

  @Test
  void theSeedDecidesThePixelsAndImageNIsThatOfSeedPlusN() throws Exception {
    List<String> first = pixels(ended(submit(request(40).put("count", 2))));
    List<String> again = pixels(ended(submit(request(40).put("count", 2))));
    List<String> next = pixels(ended(submit(request(41))));

    assertThat(again).isEqualTo(first);
    assertThat(first.get(0)).isNotEqualTo(first.get(1));
    assertThat(next.get(0)).isEqualTo(first.get(1));
  }

  @Test
  void everySamplerAndScheduleMakesAPicture() throws Exception {
    Set<String> seen = new HashSet<>();
    for (Sampler sampler : Sampler.values()) {
      seen.addAll(madeWith("sampler", sampler.id()));
    }
    for (Schedule schedule : Schedule.values()) {
      seen.addAll(madeWith("schedule", schedule.id()));
    }
    seen.addAll(madeWith("rng", "cpu"));
    // the default and "normal" are one; a few steps of other samplers may round to the same pixels
    assertThat(seen).hasSizeGreaterThan(18);
  }

  private List<String> madeWith(String field, String value) throws Exception {
    JsonNode ended = ended(submit(request(4).put(field, value)));
    assertThat(ended.at("/status").asText()).as(value).isEqualTo("succeeded");
    return pixels(ended);
  }

  @Test
  void theWebhookIsSignedWithTheSecretThatTheApiShows() throws Exception {
    try (WebhookReceiver receiver = new WebhookReceiver()) {
      ObjectNode request = request(9);
      request.putObject("webhook").put("url", receiver.url());
      JsonNode ended = ended(submit(request));
      await().atMost(SOON).until(() -> !receiver.received().isEmpty());

      WebhookReceiver.Received received = receiver.received().get(0);
      Webhook official = new Webhook(secret());
      official.verify(
          new String(received.body(), StandardCharsets.UTF_8), headers(received.headers()));
      JsonNode body = JSON.readTree(received.body());
      assertThat(body.at("/type").asText()).isEqualTo("generation.succeeded");
      assertThat(body.at("/data/images/0/pixels_sha256"))
          .isEqualTo(ended.at("/images/0/pixels_sha256"));
      assertThat(received.headers().get("webhook-id"))
          .isEqualTo("evt_" + ended.at("/id").asText().substring(4) + "_succeeded");
    }
  }

  /** `latentline verify` compares these two. */
  @Test
  void aManifestsRequestGivesItsPixelsAgain() throws Exception {
    JsonNode first =
        manifest(ended(submit(request(77).put("sampler", "euler_a"))).at("/id").asText());
    ObjectNode again = first.at("/request").deepCopy();
    again.put("model", "starter@" + first.at("/model/digest").asText());

    JsonNode second = manifest(ended(submit(again)).at("/id").asText());

    assertThat(second.at("/images/0/pixels_sha256")).isEqualTo(first.at("/images/0/pixels_sha256"));
    assertThat(second.at("/images/0/runtime_class")).isEqualTo(first.at("/images/0/runtime_class"));
  }

  @Test
  void theChoicesOfADynamicPromptAreMadeBySeedsAndNeverAgain() throws Exception {
    ObjectNode template = request(5).put("prompt", "a {red|green|blue} {apple|pear|cup}");
    JsonNode ended = ended(submit(template.put("dynamic_prompts", true).put("count", 2)));
    JsonNode expanded = ended.at("/request/expanded_prompts");
    assertThat(expanded).hasSize(2);

    for (int index = 0; index < 2; index++) {
      String prompt = expanded.at("/" + index + "/prompt").asText();
      assertThat(prompt).matches("a (red|green|blue) (apple|pear|cup)");
      JsonNode alone = ended(submit(request(5 + index).put("prompt", prompt)));
      assertThat(pixels(alone)).containsExactly(pixels(ended).get(index));
    }
    JsonNode manifest = manifest(ended.at("/id").asText());
    assertThat(manifest.at("/request/expanded_prompts")).isEqualTo(expanded);
    // what it was made from counts, whatever the template or its wildcards have become
    ObjectNode again = manifest.at("/request").deepCopy();
    again.put("model", "starter").put("prompt", "a __wildcard_that_was_removed__");
    assertThat(pixels(ended(submit(again)))).isEqualTo(pixels(ended));
  }

  @Test
  void anAnalysisSaysWhatTheModelIsGivenAndWhatIsCut() throws Exception {
    ObjectNode request = request(5).put("prompt", "a [cat:red apple:0.5]");
    request.put("prompt_syntax", "a1111").put("negative_prompt", "blurry" + " tree".repeat(200));

    // prompt-service has 2 s, which are short on a busy machine: then it is to be sent again
    HttpResponse<String> answer =
        await()
            .atMost(SOON)
            .until(() -> post("/v1/prompts:analyze", request), sent -> sent.statusCode() != 503);

    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    JsonNode texts = JSON.readTree(answer.body()).at("/texts");
    assertThat(texts.findValuesAsText("role"))
        .containsExactly("prompt", "prompt", "negative_prompt");
    assertThat(texts.at("/0/text").asText()).isEqualTo("a cat");
    assertThat(texts.at("/0/steps").toString()).isEqualTo("[1,2,3,4]");
    assertThat(texts.at("/1/tokens/0/chunks/0").findValuesAsText("text"))
        .containsExactly("a", "red", "apple");
    assertThat(texts.at("/2/tokens/0/cut/text").asText()).startsWith("tree tree").endsWith("tree");
    assertThat(texts.at("/2/tokens/0/count").asInt()).isEqualTo(202);
    // and it makes no generation
    assertThat(answer.headers().firstValue("Location")).isEmpty();
  }

  @Test
  void aLiveFrameComesByItselfAndTheSameRequestKeepsIt() throws Exception {
    String documented = Markdown.of("docs/live.md").blocks("json").get(0);
    try (LiveSocket live = new LiveSocket(URI.create(stack.url()))) {
      live.send(documented);
      JsonNode frame = JSON.readTree(live.next());
      byte[] png = live.next();

      assertThat(frame.at("/type").asText()).as(frame.toString()).isEqualTo("frame");
      assertThat(frame.at("/seq")).isEqualTo(JSON.readTree(documented).at("/seq"));
      JsonNode generation = frame.at("/generation");
      assertThat(sha256(png)).isEqualTo(generation.at("/images/0/sha256").asText());
      assertThat(ImageIO.read(new ByteArrayInputStream(png)).getWidth()).isEqualTo(128);
      JsonNode kept = ended(submit(generation.at("/request").deepCopy()));
      assertThat(pixels(kept)).isEqualTo(pixels(generation)).hasSize(1);
      assertThat(manifest(kept.at("/id").asText()).at("/status").asText()).isEqualTo("succeeded");
    }
  }

  @Test
  void theReadmesRequestMakesItsPictures() throws Exception {
    String curl =
        Markdown.of("README.md").blocks("sh").stream()
            .filter(block -> block.startsWith("curl"))
            .findFirst()
            .orElseThrow()
            .replace("http://localhost:8080", stack.url());
    Process shell = new ProcessBuilder("bash", "-c", curl).start();

    JsonNode accepted = JSON.readTree(shell.getInputStream().readAllBytes());

    assertThat(shell.waitFor()).isZero();
    JsonNode ended = ended(accepted);
    assertThat(ended.at("/status").asText()).isEqualTo("succeeded");
    assertThat(ended.at("/images")).hasSize(2);
  }

  @Test
  void aCancelledGenerationStops() throws Exception {
    String id = submit(request(5).put("steps", 150).put("count", 8)).at("/id").asText();
    await().atMost(SOON).until(() -> get(id).at("/progress").asDouble() > 0);

    HttpResponse<String> answer =
        HTTP.send(
            HttpRequest.newBuilder(uri("/v1/generations/" + id + "/cancel"))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.ofString());

    assertThat(answer.statusCode()).isBetween(200, 202);
    assertThat(ended(get(id)).at("/status").asText()).isEqualTo("cancelled");
    assertThat(get(id).at("/progress").asDouble()).isLessThan(1);
    assertThat(manifest(id).at("/status").asText()).isEqualTo("cancelled");
  }

  @Test
  void aKilledDenoiserCostsTimeAndNothingElse() throws Exception {
    survivesTheKillOf(Role.DENOISER, 1234);
  }

  @Test
  void aKilledGatewayCostsTimeAndNothingElse() throws Exception {
    survivesTheKillOf(Role.GATEWAY, 4321);
  }

  private void survivesTheKillOf(Role role, long seed) throws Exception {
    List<String> undisturbed = pixels(ended(submit(request(seed).put("steps", 150))));
    try (WebhookReceiver receiver = new WebhookReceiver()) {
      ObjectNode request = request(seed).put("steps", 150);
      request.putObject("webhook").put("url", receiver.url());
      String id = submit(request).at("/id").asText();
      await()
          .pollInterval(Duration.ofMillis(20))
          .atMost(SOON)
          .until(() -> get(id).at("/progress").asDouble() > 0.1);

      kill(role);

      await().atMost(SOON).ignoreExceptions().until(() -> isEnded(get(id)));
      JsonNode ended = get(id);
      assertThat(ended.at("/status").asText()).isEqualTo("succeeded");
      assertThat(pixels(ended)).isEqualTo(undisturbed);
      await().atMost(SOON).until(() -> facts(id).contains(FactCase.SETTLED));
      assertThat(facts(id).stream().filter(TERMINAL::contains).distinct().toList())
          .containsExactly(FactCase.SUCCEEDED);
      await().atMost(SOON).until(() -> !receiver.received().isEmpty());
      assertThat(
              receiver.received().stream()
                  .map(received -> received.headers().get("webhook-id"))
                  .distinct()
                  .toList())
          .containsExactly("evt_" + id.substring(4) + "_succeeded");
      assertThat(manifest(id).at("/images/0/pixels_sha256").asText()).isEqualTo(undisturbed.get(0));
    }
  }

  /** kill -9, and waits until the supervisor has it ready again. */
  private static void kill(Role role) {
    ProcessHandle process =
        StackRecord.running(state).orElseThrow().parts().stream()
            .filter(part -> part.name().equals(role.id()))
            .findFirst()
            .flatMap(StackRecord.Part::process)
            .orElseThrow();
    assertThat(process.destroyForcibly()).isTrue();
    process.onExit().join();
    await()
        .atMost(SOON)
        .ignoreExceptions()
        .until(
            () ->
                HTTP.send(
                            HttpRequest.newBuilder(
                                    URI.create(
                                        "http://127.0.0.1:" + ports.of(role) + "/q/health/ready"))
                                .timeout(Duration.ofSeconds(2))
                                .build(),
                            HttpResponse.BodyHandlers.discarding())
                        .statusCode()
                    == 200);
  }

  private static ObjectNode request(long seed) {
    return JSON.createObjectNode()
        .put("model", "starter")
        .put("prompt", "a red apple")
        .put("seed", seed)
        .put("steps", 8);
  }

  private static JsonNode submit(ObjectNode request) throws Exception {
    HttpResponse<String> answer = post("/v1/generations", request);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    assertThat(answer.headers().firstValue("location")).isPresent();
    return JSON.readTree(answer.body());
  }

  private static HttpResponse<String> post(String path, ObjectNode body) throws Exception {
    return HTTP.send(
        HttpRequest.newBuilder(uri(path))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static JsonNode get(String id) throws IOException {
    return JSON.readTree(bytes("/v1/generations/" + id));
  }

  private static JsonNode ended(JsonNode generation) {
    String id = generation.at("/id").asText();
    return await().atMost(SOON).until(() -> get(id), LineST::isEnded);
  }

  private static boolean isEnded(JsonNode generation) {
    return Set.of("succeeded", "failed", "cancelled").contains(generation.at("/status").asText());
  }

  private static JsonNode manifest(String id) {
    return await()
        .atMost(SOON)
        .ignoreExceptions()
        .until(
            () -> JSON.readTree(bytes("/v1/generations/" + id + "/manifest")),
            found -> found.has("status"));
  }

  private static List<String> pixels(JsonNode generation) {
    List<String> pixels = new ArrayList<>();
    generation.at("/images").forEach(image -> pixels.add(image.at("/pixels_sha256").asText()));
    return pixels;
  }

  private static String secret() throws IOException {
    return JSON.readTree(bytes("/v1/webhook_endpoints/default")).at("/secret").asText();
  }

  /** An event as it was sent. */
  private record SentEvent(String name, long offset, JsonNode data) {}

  /** Reads the events until the gateway ends the stream. */
  private static List<SentEvent> follow(String id) throws Exception {
    HttpResponse<Stream<String>> stream =
        HTTP.send(
            HttpRequest.newBuilder(uri("/v1/generations/" + id + "/events")).build(),
            HttpResponse.BodyHandlers.ofLines());
    assertThat(stream.statusCode()).isEqualTo(200);
    List<SentEvent> events = new ArrayList<>();
    Map<String, String> fields = new TreeMap<>();
    for (String line : stream.body().toList()) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
      } else if (line.isEmpty() && fields.containsKey("data")) {
        events.add(
            new SentEvent(
                fields.get("event"),
                Long.parseLong(fields.get("id")),
                JSON.readTree(fields.get("data"))));
        fields.remove("data");
      }
    }
    return events;
  }

  private static JsonNode withoutTimes(JsonNode generation) {
    ObjectNode copy = generation.deepCopy();
    copy.remove("timings");
    return copy;
  }

  private static List<FactCase> facts(String id) {
    return new RecordReader("127.0.0.1:" + ports.of(Role.BROKER))
        .all(Topic.GENERATION_EVENT.topicName()).stream()
            .filter(record -> id.equals(record.key()))
            .map(record -> fact(record.value()))
            .collect(Collectors.toList());
  }

  private static FactCase fact(byte[] value) {
    try {
      return GenerationEvent.parseFrom(value).getFactCase();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] bytes(String path) throws IOException {
    try {
      HttpResponse<byte[]> answer =
          HTTP.send(
              HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(10)).build(),
              HttpResponse.BodyHandlers.ofByteArray());
      if (answer.statusCode() != 200) {
        throw new IOException(path + ": " + answer.statusCode());
      }
      return answer.body();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static URI uri(String path) {
    return URI.create(stack.url() + path);
  }

  private static byte[] rgb(BufferedImage picture) {
    byte[] bytes = new byte[picture.getWidth() * picture.getHeight() * 3];
    int at = 0;
    for (int y = 0; y < picture.getHeight(); y++) {
      for (int x = 0; x < picture.getWidth(); x++) {
        int pixel = picture.getRGB(x, y);
        bytes[at++] = (byte) (pixel >> 16);
        bytes[at++] = (byte) (pixel >> 8);
        bytes[at++] = (byte) pixel;
      }
    }
    return bytes;
  }

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static HttpHeaders headers(Map<String, String> headers) {
    Map<String, List<String>> lists = new TreeMap<>();
    headers.forEach((name, value) -> lists.put(name, List.of(value)));
    return HttpHeaders.of(lists, (name, value) -> true);
  }
}
