package dev.latentline.gateway.request;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.gateway.egress.EgressPolicy;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.gateway.fold.Fold;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.webhook.WebhookDeliveries;
import dev.latentline.gateway.webhook.WebhookSchedule;
import dev.latentline.proto.v1.Accepted;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Stored;
import dev.latentline.proto.v1.Succeeded;
import dev.latentline.proto.v1.WebhookTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/api.md says what the code does. */
class ApiDocumentTest {
  private static final String DOCUMENT = read("api.md");
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final Pattern JSON_BLOCK = Pattern.compile("(?ms)^```json\\n(.*?)^```$");
  private static final Pattern FIELD_ROW =
      Pattern.compile("(?m)^\\| (`[a-z_]+`(?:, `[a-z_]+`)*) \\|");

  private static final List<String> BESIDE_A_MODEL =
      List.of("refiner", "refiner_start", "loras", "textual_inversions");

  private static final Pattern PAUSE = Pattern.compile("\\d+ (s|min|h)\\b");

  @Test
  void theExampleIsAValidRequestThatUsesEveryField() throws IOException {
    String example = blocks().get(0).replace("starter", "small").replace("esrgan-slim", "esrgan");

    Validated validated = validate(example);

    assertThat(validated).isInstanceOf(Validated.Valid.class);
    List<String> used = new ArrayList<>();
    JSON.readTree(example).fieldNames().forEachRemaining(used::add);
    // no sampler takes both s_churn and eta, and there is nothing beside the model of the example
    assertThat(used)
        .containsExactlyElementsOf(
            fields().stream()
                .filter(f -> !f.equals("s_churn") && !BESIDE_A_MODEL.contains(f))
                .toList());
  }

  @Test
  void theTableHasEveryFieldAndTheLimits() {
    String table = between("## A request", "without unknown fields");
    List<String> rows =
        FIELD_ROW
            .matcher(table)
            .results()
            .flatMap(row -> Arrays.stream(row.group(1).split(", ")))
            .map(name -> name.replace("`", ""))
            .toList();

    assertThat(rows).containsExactlyElementsOf(fields());
    assertThat(table)
        .contains(String.format("1 to %,d characters", Limits.MAX_PROMPT_CODE_POINTS))
        .contains("1 to " + Limits.MAX_STEPS)
        .contains("0 to " + (int) Limits.MAX_GUIDANCE_SCALE)
        .contains("1 to " + Limits.MAX_COUNT + " pictures")
        .contains(String.format("1 to %,d s", Limits.MAX_DEADLINE.toSeconds()))
        .contains("up to " + Limits.MAX_METADATA_ENTRIES + " strings")
        .contains(Limits.MAX_JSON_BYTES / 1024 + " KiB");
    Schedule.ids().forEach(id -> assertThat(table).contains("`" + id + "`"));
  }

  @Test
  void theTableOfSamplersHasTheirNamesAndWhatTheyTake() {
    String samplers = read("samplers.md");
    for (Sampler sampler : Sampler.values()) {
      String eta =
          sampler.defaultEta().isPresent()
              ? new DecimalFormat("0.#").format(sampler.defaultEta().getAsDouble())
              : "";
      assertThat(samplers)
          .contains(
              String.join(
                  " | ",
                  "| `" + sampler.id() + "`",
                  sampler.label(),
                  eta.isEmpty() ? "–" : eta,
                  sampler.churns() ? "yes" : "–",
                  sampler.samplesFlow() ? "yes" : "–",
                  ""));
    }
    for (Schedule schedule : Schedule.values()) {
      assertThat(samplers).contains("| `" + schedule.id() + "` | " + schedule.label() + " |");
    }
  }

  @Test
  void theProblemIsWhatARequestWithTooManyStepsGets() throws IOException {
    Validated.Invalid invalid =
        (Validated.Invalid) validate("{\"model\":\"small\",\"prompt\":\"x\",\"steps\":0}");
    JsonNode shown = JSON.readTree(blocks().get(2));
    // the model of this test allows 100 steps
    String answer = Problem.invalid(invalid.errors()).json().replace("100", "150");

    assertThat(JSON.readTree(answer)).isEqualTo(shown);
  }

  @Test
  void theWebhookIsWhatAReceiverGets() throws IOException {
    JsonNode shown = JSON.readTree(blocks().get(3));
    JsonNode image = shown.at("/data/images/0");
    GenerationRequest request =
        GenerationRequest.newBuilder()
            .setGenerationId(shown.at("/data/id").asText())
            .setCount(1)
            .setSeed(image.at("/seed").asLong())
            .putMetadata("order", "4711")
            .setWebhook(WebhookTarget.newBuilder().setUrl("https://example.com/"))
            .build();
    Optional<GenerationState> state = Optional.empty();
    long endedAtMs = Instant.parse(shown.at("/timestamp").asText()).toEpochMilli();
    List<GenerationEvent.Builder> facts =
        List.of(
            GenerationEvent.newBuilder().setAccepted(Accepted.newBuilder().setRequest(request)),
            GenerationEvent.newBuilder()
                .setStored(
                    Stored.newBuilder()
                        .setSeed(request.getSeed())
                        .setSha256(image.at("/sha256").asText())
                        .setPixelsSha256(image.at("/pixels_sha256").asText())),
            GenerationEvent.newBuilder().setSucceeded(Succeeded.getDefaultInstance()));
    for (int offset = 0; offset < facts.size(); offset++) {
      state =
          Fold.apply(
              state,
              facts
                  .get(offset)
                  .setGenerationId(request.getGenerationId())
                  .setAtMs(endedAtMs)
                  .build(),
              offset);
    }

    byte[] body = WebhookDeliveries.of(state.orElseThrow()).orElseThrow().getBody().toByteArray();

    assertThat(JSON.readTree(body)).isEqualTo(shown);
    assertThat(DOCUMENT).contains(String.join("`, `", RequestValidator.WEBHOOK_EVENTS));
    // attempts: the first, and one after each pause
    assertThat(PAUSE.matcher(between("tried again after", ", each longer")).results())
        .hasSize(WebhookSchedule.maxAttempts() - 1);
  }

  private static Validated validate(String body) {
    return new RequestValidator(new TestModels(), Presets.NONE, new EgressPolicy(false)::problem)
        .validate(body.getBytes(StandardCharsets.UTF_8), new Arrival("gen_x", "default", 1_000, 7));
  }

  /** As the validator names them to whoever sends another. */
  private static List<String> fields() {
    Validated.Invalid invalid =
        (Validated.Invalid) validate("{\"model\":\"small\",\"prompt\":\"x\",\"no_such_field\":1}");
    return invalid.errors().get(0).allowed().orElseThrow().values().stream()
        .map(String::valueOf)
        .toList();
  }

  private static List<String> blocks() {
    return JSON_BLOCK
        .matcher(DOCUMENT)
        .results()
        .map((MatchResult block) -> block.group(1))
        .toList();
  }

  private static String between(String from, String to) {
    int begin = DOCUMENT.indexOf(from);
    return DOCUMENT.substring(begin, DOCUMENT.indexOf(to, begin));
  }

  private static String read(String name) {
    try {
      return Files.readString(Path.of(System.getProperty("latentline.home"), "docs", name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
