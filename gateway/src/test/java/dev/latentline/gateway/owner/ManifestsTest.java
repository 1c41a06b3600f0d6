package dev.latentline.gateway.owner;

import static dev.latentline.gateway.fold.TestFacts.after;
import static dev.latentline.gateway.fold.TestFacts.at;
import static dev.latentline.gateway.fold.TestFacts.cancelRequested;
import static dev.latentline.gateway.fold.TestFacts.cancelled;
import static dev.latentline.gateway.fold.TestFacts.deadLettered;
import static dev.latentline.gateway.fold.TestFacts.dispatched;
import static dev.latentline.gateway.fold.TestFacts.failed;
import static dev.latentline.gateway.fold.TestFacts.flagged;
import static dev.latentline.gateway.fold.TestFacts.imageFailed;
import static dev.latentline.gateway.fold.TestFacts.request;
import static dev.latentline.gateway.fold.TestFacts.settled;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static dev.latentline.gateway.fold.TestFacts.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.TestFacts;
import dev.latentline.gateway.line.GenerationView.StoredImage;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Upscale;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ManifestsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void lorasAreNamedAsARequestCanNameThem() {
    GenerationRequest.Builder request = request(1);
    request.addLorasBuilder().setWeight(0.8f).getLoraBuilder().setName("ink").setDigest("sha256:1");
    JsonNode manifest =
        read(after(request.build(), stored(0), at(TestFacts.ACCEPTED_AT_MS + 2_500, succeeded())));

    assertThat(manifest.at("/request/loras"))
        .isEqualTo(json("[{\"name\": \"ink@sha256:1\", \"weight\": 0.8}]"));
  }

  @Test
  void theRefinerIsNamedAsARequestCanNameIt() {
    GenerationRequest.Builder request = request(1);
    request
        .getRefinerBuilder()
        .setStart(0.7)
        .getRefinerBuilder()
        .setName("fine")
        .setDigest("sha256:1");
    JsonNode manifest = read(after(request.build(), cancelled()));

    assertThat(manifest.at("/request/refiner").asText()).isEqualTo("fine@sha256:1");
    assertThat(manifest.at("/request/refiner_start").asText()).isEqualTo("0.7");
  }

  @Test
  void picturesThatSteerAreNamedAsARequestCanNameThem() {
    GenerationRequest.Builder request = request(1);
    request
        .addControlsBuilder()
        .setInput("ab".repeat(32))
        .setPreprocessor("canny")
        .setWeight(0.8f)
        .setStart(0.1)
        .setEnd(0.9)
        .getControlNetBuilder()
        .setName("edges")
        .setDigest("sha256:1");

    assertThat(read(after(request.build(), cancelled())).at("/request/controls"))
        .isEqualTo(
            json(
                """
                [{"name": "edges@sha256:1", "image": {"input": "input_%s"}, "preprocessor": "canny",
                  "weight": 0.8, "start": 0.1, "end": 0.9}]
                """
                    .formatted("ab".repeat(32))));
  }

  @Test
  void picturesThatArePromptsAreNamedAsARequestCanNameThem() {
    GenerationRequest.Builder request = request(1).clearPrompt();
    request.addImagePromptsBuilder().setInput("ab".repeat(32)).setWeight(0.7f);
    JsonNode manifest = read(after(request.build(), cancelled()));

    assertThat(manifest.at("/request/prompt").asText("none")).isEmpty();
    assertThat(manifest.at("/request/image_prompts"))
        .isEqualTo(
            json(
                "[{\"image\": {\"input\": \"input_%s\"}, \"weight\": 0.7}]"
                    .formatted("ab".repeat(32))));
  }

  @Test
  void textualInversionsAreNamedAsARequestCanNameThem() {
    GenerationRequest.Builder request = request(1);
    request.addTextualInversionsBuilder().setName("ink").setDigest("sha256:1");

    assertThat(read(after(request.build(), cancelled())).at("/request/textual_inversions"))
        .isEqualTo(json("[\"ink@sha256:1\"]"));
  }

  @Test
  void aSucceededGenerationCanBeMadeAgainFromIt() {
    GenerationRequest request = request(2).putMetadata("order", "17").build();
    JsonNode manifest =
        read(
            after(
                request,
                at(TestFacts.ACCEPTED_AT_MS + 10, dispatched()),
                stored(1),
                stored(0),
                at(TestFacts.ACCEPTED_AT_MS + 2_500, succeeded())));

    assertThat(manifest)
        .isEqualTo(
            json(
                """
                {"schema": 1,
                 "id": "gen_0190163d8694739b8f6b0123456789ab",
                 "status": "succeeded",
                 "model": {"name": "starter", "digest": "sha256:0"},
                 "request": {
                   "prompt": "a red apple", "negative_prompt": "a pear",
                   "prompt_syntax": "plain", "clip_skip": 1, "seed": 41, "steps": 25,
                   "guidance_scale": 3.5, "guidance_rescale": 0.0, "sampler": "ddim",
                   "schedule": "normal", "rng": "nv", "deterministic": false,
                   "textual_inversions": [], "width": 128,
                   "height": 96, "upscale": 1, "count": 2, "output_format": "png", "metadata": {"order": "17"}},
                 "images": [
                   {"index": 0, "seed": 41, "status": "stored",
                    "key": "images/default/gen_0190163d8694739b8f6b0123456789ab/0.png",
                    "content_type": "image/png", "size_bytes": 1000, "width": 128, "height": 96,
                    "sha256": "file-0", "pixels_sha256": "pixels-0",
                    "runtime_class": {
                      "provider": "cpu", "onnxruntime_version": "1.23.2",
                      "device": "x86_64 avx2", "intra_op_threads": 4, "batch": 1}},
                   {"index": 1, "seed": 42, "status": "stored",
                    "key": "images/default/gen_0190163d8694739b8f6b0123456789ab/1.png",
                    "content_type": "image/png", "size_bytes": 1001, "width": 128, "height": 96,
                    "sha256": "file-1", "pixels_sha256": "pixels-1",
                    "runtime_class": {
                      "provider": "cpu", "onnxruntime_version": "1.23.2",
                      "device": "x86_64 avx2", "intra_op_threads": 4, "batch": 1}}],
                 "timings": {
                   "accepted_at": "2027-01-15T08:00:00Z",
                   "dispatched_at": "2027-01-15T08:00:00.010Z",
                   "ended_at": "2027-01-15T08:00:02.500Z"}}
                """));
  }

  @Test
  void whatBecameOfItsPromptsIsPinnedAndReadAgain() {
    GenerationRequest request =
        request(2)
            .setDynamicPrompts(true)
            .addExpandedPrompts(ExpandedPrompts.newBuilder().setPrompt("a red apple"))
            .addExpandedPrompts(
                ExpandedPrompts.newBuilder().setPrompt("a green apple").setNegativePrompt(""))
            .putMetadata("order", "4711")
            .build();

    JsonNode manifest = read(after(request, cancelled()));

    assertThat(manifest.at("/request/dynamic_prompts").asBoolean()).isTrue();
    assertThat(manifest.at("/request/expanded_prompts"))
        .isEqualTo(
            JSON.createArrayNode()
                .add(json("{'prompt':'a red apple'}"))
                .add(json("{'prompt':'a green apple','negative_prompt':''}")));
    assertThat(Manifests.prompts(manifest))
        .isEqualTo(
            GenerationRequest.newBuilder()
                .setPrompt(request.getPrompt())
                .setNegativePrompt(request.getNegativePrompt())
                .addAllExpandedPrompts(request.getExpandedPromptsList())
                .putMetadata("order", "4711")
                .build());
  }

  @Test
  void aPictureThatIsStoredIsFoundAgain() {
    JsonNode manifest = read(after(3, imageFailed(0, "x"), stored(1), failed("partial")));

    assertThat(Manifests.image(manifest, 1))
        .contains(
            new StoredImage(
                1,
                TestFacts.SEED + 1,
                128,
                96,
                "file-1",
                "pixels-1",
                "images/default/" + TestFacts.ID + "/1.png",
                "image/png",
                1001,
                Optional.empty()));
    for (int missing : new int[] {-1, 0, 2, 3}) {
      assertThat(Manifests.image(manifest, missing)).isEmpty();
    }
  }

  @Test
  void whatWorkedOnTheDecodedPictureIsNamed() {
    GenerationRequest request =
        request(1)
            .setUpscale(
                Upscale.newBuilder()
                    .setFactor(4)
                    .setUpscaler(ModelRef.newBuilder().setName("esrgan").setDigest("sha256:2")))
            .build();

    JsonNode manifest = read(after(request, flagged(0), succeeded()));

    assertThat(manifest.at("/request/upscale").asInt()).isEqualTo(4);
    assertThat(manifest.at("/request/upscaler").asText()).isEqualTo("esrgan@sha256:2");
    assertThat(manifest.at("/upscaler")).isEqualTo(json("{'name':'esrgan','digest':'sha256:2'}"));
    assertThat(manifest.at("/images/0/safety"))
        .isEqualTo(
            json(
                "{'flagged':true,'blurred':true,'scores':{'not':0.875,'safe':0.125},"
                    + "'threshold':0.75,'checker':{'name':'checker','digest':'sha256:1'}}"));
  }

  @Test
  void aPartialFailureSaysOfEachImageWhatBecameOfIt() {
    JsonNode manifest =
        read(
            after(
                4,
                dispatched(),
                deadLettered(0),
                stored(1),
                imageFailed(3, "invalid_latents"),
                failed("partial")));

    assertThat(manifest.at("/status").asText()).isEqualTo("failed");
    assertThat(manifest.at("/error")).isEqualTo(json("{'code':'partial','message':'It failed'}"));
    assertThat(manifest.at("/images").findValuesAsText("status"))
        .containsExactly("failed", "stored", "not_made", "failed");
    assertThat(manifest.at("/images/0/error"))
        .isEqualTo(
            json(
                "{'code':'attempts_exhausted','message':'Given up after 3 attempts',"
                    + "'stage':'decoder'}"));
    assertThat(manifest.at("/images/3/error/stage").asText()).isEqualTo("denoiser");
    assertThat(manifest.at("/images/1").has("error")).isFalse();
    assertThat(manifest.at("/images/2").has("sha256")).isFalse();
    assertThat(IntStream.range(0, 4).mapToLong(i -> manifest.at("/images/" + i + "/seed").asLong()))
        .containsExactly(41L, 42L, 43L, 44L);
  }

  @Test
  void aPictureThatWasStoredAfterItsFailureIsStored() {
    JsonNode manifest = read(after(1, imageFailed(0, "frozen"), stored(0), succeeded()));

    assertThat(manifest.at("/images/0/status").asText()).isEqualTo("stored");
    assertThat(manifest.at("/images/0").has("error")).isFalse();
  }

  @Test
  void aCancelledGenerationIsNoFailureAndNeedNotHaveBegun() {
    JsonNode manifest = read(after(2, cancelRequested(), cancelled()));

    assertThat(manifest.at("/status").asText()).isEqualTo("cancelled");
    assertThat(manifest.has("error")).isFalse();
    assertThat(manifest.at("/images").findValuesAsText("status"))
        .containsExactly("not_made", "not_made");
    assertThat(manifest.at("/timings").has("dispatched_at")).isFalse();
    assertThat(manifest.at("/timings").has("ended_at")).isTrue();
  }

  @Test
  void thereIsNoManifestOfWhatHasNotEnded() {
    assertThatThrownBy(() -> Manifests.of(after(1, stored(0))))
        .isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void theSameStateGivesTheSameBytesWhoeverWritesThem() {
    byte[] bytes =
        Manifests.of(after(withMetadata(List.of("a", "b", "c")), stored(0), failed("x")));

    assertThat(Manifests.of(after(withMetadata(List.of("c", "a", "b")), stored(0), failed("x"))))
        .isEqualTo(bytes);
    assertThat(
            Manifests.of(
                after(
                    withMetadata(List.of("b", "c", "a")),
                    stored(0),
                    failed("x"),
                    stored(0),
                    cancelled(),
                    settled())))
        .isEqualTo(bytes);
  }

  @Test
  void itIsTextThatPeopleCanRead() {
    GenerationRequest request = request(1).setPrompt("яблоко \u0000 \"\n").build();
    String text = new String(Manifests.of(after(request, cancelled())), StandardCharsets.UTF_8);

    assertThat(text).startsWith("{\n").endsWith("\n}\n").doesNotContain("\r", "\u0000");
    assertThat(text).contains("\"prompt\" : \"яблоко \\u0000 \\\"\\n\"");
    assertThat(json(text).at("/request/prompt").asText()).isEqualTo("яблоко \u0000 \"\n");
  }

  private static GenerationRequest withMetadata(List<String> keys) {
    GenerationRequest.Builder request = request(2);
    keys.forEach(key -> request.putMetadata(key, "value of " + key));
    return request.build();
  }

  private static JsonNode read(GenerationState state) {
    return json(new String(Manifests.of(state), StandardCharsets.UTF_8));
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text.startsWith("{'") ? text.replace('\'', '"') : text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
