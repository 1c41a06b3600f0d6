package dev.latentline.gateway.owner;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.PrettyPrinter;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.InputIds;
import dev.latentline.contract.Preprocessor;
import dev.latentline.contract.PromptSyntax;
import dev.latentline.contract.Rng;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.ImageState;
import dev.latentline.gateway.fold.Outcome;
import dev.latentline.gateway.fold.Reason;
import dev.latentline.gateway.line.GenerationView.StoredImage;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImagePrompt;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.RuntimeClass;
import dev.latentline.proto.v1.Safety;
import dev.latentline.proto.v1.Stored;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * manifest.json: everything that reproduces a generation, and what came of it. The same state gives
 * the same bytes, whoever writes them.
 */
public final class Manifests {
  private static final int SCHEMA = 1;
  private static final String STORED = "stored";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** The same bytes on every system. */
  private static final PrettyPrinter INDENTED =
      new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));

  private Manifests() {}

  /**
   * @param state of an ended generation
   * @return UTF-8, indented, with a line feed at the end
   */
  public static byte[] of(GenerationState state) {
    ObjectNode manifest = JSON.createObjectNode();
    manifest.put("schema", SCHEMA);
    manifest.put("id", state.id());
    Outcome outcome = state.outcome().orElseThrow();
    manifest.put("status", outcome.kind().name().toLowerCase(Locale.ROOT));
    outcome.reason().ifPresent(reason -> error(manifest.putObject("error"), reason));
    GenerationRequest request = state.request();
    manifest
        .putObject("model")
        .put("name", request.getModel().getName())
        .put("digest", request.getModel().getDigest());
    if (request.hasUpscale()) {
      ModelRef upscaler = request.getUpscale().getUpscaler();
      manifest
          .putObject("upscaler")
          .put("name", upscaler.getName())
          .put("digest", upscaler.getDigest());
    }
    manifest.set("request", request(request));
    ArrayNode images = manifest.putArray("images");
    for (int index = 0; index < state.images().size(); index++) {
      image(images.addObject(), request, index, state.images().get(index));
    }
    ObjectNode timings = manifest.putObject("timings");
    timings.put("accepted_at", time(request.getAcceptedAtMs()));
    state.dispatchedAtMs().ifPresent(ms -> timings.put("dispatched_at", time(ms)));
    state.endedAtMs().ifPresent(ms -> timings.put("ended_at", time(ms)));
    try {
      return (JSON.writer(INDENTED).writeValueAsString(manifest) + "\n")
          .getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of values is always JSON", e);
    }
  }

  private static ObjectNode request(GenerationRequest request) {
    ObjectNode fields = JSON.createObjectNode();
    fields.put("prompt", request.getPrompt());
    fields.put("negative_prompt", request.getNegativePrompt());
    if (request.getStylesCount() > 0) {
      ArrayNode styles = fields.putArray("styles");
      request.getStylesList().forEach(styles::add);
    }
    if (request.getDynamicPrompts()) {
      fields.put("dynamic_prompts", true);
    }
    if (request.getExpandedPromptsCount() > 0) {
      expanded(fields.putArray("expanded_prompts"), request);
    }
    fields.put(
        "prompt_syntax",
        request.getPromptSyntax().isEmpty() ? PromptSyntax.PLAIN.id() : request.getPromptSyntax());
    if (!request.getEmphasis().isEmpty()) {
      fields.put("emphasis", request.getEmphasis());
    }
    fields.put("clip_skip", Math.max(1, request.getClipSkip()));
    fields.put("seed", request.getSeed());
    fields.put("steps", request.getSteps());
    fields.put("guidance_scale", request.getGuidanceScale());
    fields.put("guidance_rescale", request.getGuidanceRescale());
    fields.put("sampler", request.getSampler());
    fields.put("schedule", request.getSchedule());
    if (request.hasEta()) {
      fields.put("eta", request.getEta());
    }
    if (request.getSChurn() > 0) {
      fields.put("s_churn", request.getSChurn());
    }
    if (request.hasSNoise()) {
      fields.put("s_noise", request.getSNoise());
    }
    fields.put("rng", request.getRng().isEmpty() ? Rng.NV.id() : request.getRng());
    fields.put("deterministic", request.getDeterministic());
    if (request.hasRefiner()) {
      ModelRef refiner = request.getRefiner().getRefiner();
      fields.put("refiner", refiner.getName() + "@" + refiner.getDigest());
      fields.put("refiner_start", request.getRefiner().getStart());
    }
    if (request.getLorasCount() > 0) {
      ArrayNode loras = fields.putArray("loras");
      for (Lora lora : request.getLorasList()) {
        ModelRef pinned = lora.getLora();
        loras
            .addObject()
            .put("name", pinned.getName() + "@" + pinned.getDigest())
            .put("weight", lora.getWeight());
      }
    }
    // also when there are none: made again, the words of those imported since are words
    ArrayNode inversions = fields.putArray("textual_inversions");
    request
        .getTextualInversionsList()
        .forEach(pinned -> inversions.add(pinned.getName() + "@" + pinned.getDigest()));
    pictures(fields, request);
    fields.put("width", request.getWidth());
    fields.put("height", request.getHeight());
    fields.put("upscale", Math.max(1, request.getUpscale().getFactor()));
    if (request.hasUpscale()) {
      ModelRef pinned = request.getUpscale().getUpscaler();
      fields.put("upscaler", pinned.getName() + "@" + pinned.getDigest());
    }
    fields.put("count", request.getCount());
    fields.put("output_format", request.getOutputFormat());
    ObjectNode metadata = fields.putObject("metadata");
    new TreeMap<>(request.getMetadataMap()).forEach(metadata::put);
    return fields;
  }

  /** Those that steer, and those that are prompts. */
  private static void pictures(ObjectNode fields, GenerationRequest request) {
    if (request.getControlsCount() > 0) {
      ArrayNode controls = fields.putArray("controls");
      request.getControlsList().forEach(control -> control(controls.addObject(), control));
    }
    if (request.getImagePromptsCount() > 0) {
      ArrayNode prompts = fields.putArray("image_prompts");
      for (ImagePrompt picture : request.getImagePromptsList()) {
        ObjectNode prompt = prompts.addObject();
        image(prompt, picture.getInput());
        prompt.put("weight", picture.getWeight());
      }
    }
  }

  private static void control(ObjectNode fields, ControlPicture control) {
    ModelRef pinned = control.getControlNet();
    fields.put("name", pinned.getName() + "@" + pinned.getDigest());
    image(fields, control.getInput());
    fields.put(
        "preprocessor",
        control.getPreprocessor().isEmpty() ? Preprocessor.NONE.id() : control.getPreprocessor());
    fields.put("weight", control.getWeight());
    fields.put("start", control.getStart());
    fields.put("end", control.getEnd());
  }

  private static void image(ObjectNode fields, String sha256) {
    fields.putObject("image").put("input", InputIds.of(sha256));
  }

  private static void expanded(ArrayNode pairs, GenerationRequest request) {
    for (ExpandedPrompts prompts : request.getExpandedPromptsList()) {
      ObjectNode pair = pairs.addObject().put("prompt", prompts.getPrompt());
      if (prompts.hasNegativePrompt()) {
        pair.put("negative_prompt", prompts.getNegativePrompt());
      }
    }
  }

  /** A request with nothing but the prompts and metadata of a manifest. */
  public static GenerationRequest prompts(JsonNode manifest) {
    JsonNode fields = manifest.path("request");
    GenerationRequest.Builder request =
        GenerationRequest.newBuilder()
            .setPrompt(fields.path("prompt").asText())
            .setNegativePrompt(fields.path("negative_prompt").asText());
    for (JsonNode pair : fields.path("expanded_prompts")) {
      ExpandedPrompts.Builder prompts =
          ExpandedPrompts.newBuilder().setPrompt(pair.path("prompt").asText());
      if (pair.has("negative_prompt")) {
        prompts.setNegativePrompt(pair.path("negative_prompt").asText());
      }
      request.addExpandedPrompts(prompts);
    }
    for (Map.Entry<String, JsonNode> entry : fields.path("metadata").properties()) {
      request.putMetadata(entry.getKey(), entry.getValue().asText());
    }
    return request.build();
  }

  /** A picture that a manifest says is stored. */
  public static Optional<StoredImage> image(JsonNode manifest, int index) {
    JsonNode fields = manifest.path("images").path(index);
    if (!fields.path("status").asText().equals(STORED)) {
      return Optional.empty();
    }
    return Optional.of(
        new StoredImage(
            index,
            fields.path("seed").asLong(),
            fields.path("width").asInt(),
            fields.path("height").asInt(),
            fields.path("sha256").asText(),
            fields.path("pixels_sha256").asText(),
            fields.path("key").asText(),
            fields.path("content_type").asText(),
            fields.path("size_bytes").asLong(),
            Optional.empty()));
  }

  private static void image(
      ObjectNode fields, GenerationRequest request, int index, ImageState image) {
    fields.put("index", index);
    fields.put("seed", request.getSeed() + index);
    if (image.stored().isPresent()) {
      Stored stored = image.stored().get();
      fields.put("status", STORED);
      fields.put("key", stored.getKey());
      fields.put("content_type", stored.getContentType());
      fields.put("size_bytes", stored.getSizeBytes());
      fields.put("width", stored.getWidth());
      fields.put("height", stored.getHeight());
      fields.put("sha256", stored.getSha256());
      fields.put("pixels_sha256", stored.getPixelsSha256());
      runtimeClass(fields.putObject("runtime_class"), stored.getRuntimeClass());
      if (stored.hasSafety()) {
        safety(fields.putObject("safety"), stored.getSafety());
      }
    } else if (image.failed().isPresent()) {
      fields.put("status", "failed");
      error(fields.putObject("error"), image.failed().get());
    } else {
      fields.put("status", "not_made");
    }
  }

  private static void runtimeClass(ObjectNode fields, RuntimeClass runtimeClass) {
    fields.put("provider", runtimeClass.getProvider());
    fields.put("onnxruntime_version", runtimeClass.getOnnxruntimeVersion());
    fields.put("device", runtimeClass.getDevice());
    fields.put("intra_op_threads", runtimeClass.getIntraOpThreads());
    fields.put("batch", runtimeClass.getBatch());
  }

  private static void safety(ObjectNode fields, Safety safety) {
    fields.put("flagged", safety.getFlagged());
    fields.put("blurred", safety.getBlurred());
    ObjectNode scores = fields.putObject("scores");
    new TreeMap<>(safety.getScoresMap()).forEach(scores::put);
    fields.put("threshold", safety.getThreshold());
    fields
        .putObject("checker")
        .put("name", safety.getChecker().getName())
        .put("digest", safety.getChecker().getDigest());
  }

  private static void error(ObjectNode fields, Reason reason) {
    fields.put("code", reason.code());
    fields.put("message", reason.message());
    if (!reason.stage().isEmpty()) {
      fields.put("stage", reason.stage());
    }
  }

  private static String time(long ms) {
    return Instant.ofEpochMilli(ms).toString();
  }
}
