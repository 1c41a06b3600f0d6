package dev.latentline.inference.catalogue;

import static dev.latentline.inference.catalogue.SmallCatalogue.seeing;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Failure;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.proto.v1.ModelRef;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CatalogueTest {
  private static final String ROWS = "[[1, 0, 0], [0, 1, 0], [0, 0, 1], [-0.5, 0, 4]]";

  @TempDir Path folder;
  private SmallCatalogue small;

  @BeforeEach
  void write() throws IOException {
    small = new SmallCatalogue(folder.resolve("models"), "alpha", "beta");
  }

  @Test
  void aModelIsWhatItsManifestAndItsSchedulerSay() {
    ModelCard alpha = open().find("alpha").orElseThrow();

    assertThat(alpha.family()).isEqualTo("small");
    assertThat(alpha.defaults())
        .isEqualTo(new Defaults(20, 7.5f, 512, 512, Sampler.EULER_ANCESTRAL, Schedule.KARRAS));
    assertThat(alpha.textEncoders())
        .containsExactly(
            new TextEncoder(
                "tokenizer/tokenizer.json",
                "text_encoder/model.onnx",
                "last_hidden_state",
                77,
                768));
    assertThat(alpha.vae().scalingFactor()).isEqualTo(0.18215);
    assertThat(alpha.scheduler())
        .isEqualTo(
            new SchedulerConfig(
                1000,
                SchedulerConfig.BetaSchedule.LINEAR,
                0.0001,
                0.02,
                SchedulerConfig.PredictionType.V_PREDICTION,
                SchedulerConfig.TimestepSpacing.TRAILING,
                0,
                true,
                5,
                true,
                false,
                FlowShift.NONE));
    assertThat(alpha.file("unet/model.onnx")).hasContent("alpha unet/model.onnx");
    assertThatThrownBy(() -> alpha.file("../beta/unet/model.onnx"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void sizesOutsideTheLimitsAreNotAllowed() {
    ModelLimits limits = open().find("alpha").orElseThrow().limits();

    assertThat(limits.allowSize(1024, 512)).isTrue();
    assertThat(limits.allowSize(1024, 768)).as("too many pixels").isFalse();
    assertThat(limits.allowSize(512, 776)).as("too high").isFalse();
    assertThat(limits.allowSize(516, 512)).as("no multiple of 8").isFalse();
    assertThat(limits.allowSize(56, 512)).as("too narrow").isFalse();
  }

  @Test
  void aModelIsFoundByNameAndByNameWithItsDigest() {
    Catalogue catalogue = open();
    ModelCard alpha = catalogue.find("alpha").orElseThrow();

    assertThat(alpha.digest()).matches("sha256:[0-9a-f]{64}");
    assertThat(catalogue.find(alpha.reference())).contains(alpha);
    assertThat(catalogue.find("alpha@" + catalogue.find("beta").orElseThrow().digest())).isEmpty();
    assertThat(catalogue.find("alpha@")).isEmpty();
    assertThat(catalogue.find("../models/alpha")).isEmpty();
    assertThat(catalogue.models()).extracting(ModelCard::name).containsExactly("alpha", "beta");
  }

  @Test
  void aPinnedModelThatIsNotHereIsRejected() {
    Catalogue catalogue = open();
    ModelCard alpha = catalogue.find("alpha").orElseThrow();
    ModelRef pinned = ModelRef.newBuilder().setName("alpha").setDigest(alpha.digest()).build();

    assertThat(catalogue.require(pinned)).isSameAs(alpha);
    for (ModelRef other :
        List.of(
            pinned.toBuilder().setDigest("sha256:00").build(),
            pinned.toBuilder().clearDigest().build(),
            pinned.toBuilder().setName("gamma").build())) {
      assertThatThrownBy(() -> catalogue.require(other))
          .isInstanceOfSatisfying(
              Failure.Rejected.class,
              rejected -> assertThat(rejected.code()).isEqualTo("model_unavailable"));
    }
  }

  @Test
  void theDigestChangesWithTheManifest() throws IOException {
    String before = open().find("alpha").orElseThrow().digest();

    small.manifest("alpha", manifest -> manifest.put("description", "changed"));

    assertThat(open().find("alpha").orElseThrow().digest()).isNotEqualTo(before);
  }

  @Test
  void whatWorksOnDecodedPicturesIsNoModel() throws IOException {
    assertThat(open().upscalers()).isEmpty();
    assertThat(open().safetyChecker()).isEmpty();
    small.upscaler("esrgan", 2);
    small.safetyChecker("nsfw");

    Catalogue catalogue = open();

    assertThat(catalogue.models()).extracting(ModelCard::name).containsExactly("alpha", "beta");
    UpscalerCard esrgan = catalogue.upscaler(4).orElseThrow();
    assertThat(esrgan.name()).isEqualTo("esrgan");
    assertThat(esrgan.digest()).matches("sha256:[0-9a-f]{64}");
    assertThat(esrgan.tiling()).isEqualTo(new UpscalerCard.Tiling(10, 256, 1));
    assertThat(esrgan.weights()).isEmpty();
    assertThat(esrgan.graph()).hasContent("upscalers/esrgan");
    assertThat(esrgan.verify()).isEmpty();
    SafetyCheckerCard nsfw = catalogue.safetyChecker().orElseThrow();
    assertThat(nsfw.inputSize()).isEqualTo(224);
    assertThat(nsfw.classes()).containsExactly("good", "bad");
    assertThat(nsfw.unsafe()).containsExactly("bad");
    assertThat(nsfw.verify()).isEmpty();
    small.write("upscalers/esrgan/model.onnx", "upscalers/ESRGAN");
    assertThat(esrgan.verify())
        .singleElement()
        .asString()
        .startsWith("upscalers/esrgan/model.onnx: altered");
  }

  @Test
  void aFactorIsMadeInOneRunOrSeveral() throws IOException {
    small.upscaler("twice", 2);
    small.upscaler("four-times", 4);
    Catalogue catalogue = open();

    UpscalerCard twice = catalogue.upscaler(2).orElseThrow();
    UpscalerCard fourTimes = catalogue.upscaler(4).orElseThrow();

    assertThat(twice.name()).isEqualTo("twice");
    assertThat(twice.factors()).containsExactly(2, 4);
    assertThat(twice.runs(4)).isEqualTo(2);
    assertThat(fourTimes.name()).as("the first by name that makes it").isEqualTo("four-times");
    assertThat(fourTimes.factors()).containsExactly(4);
    assertThat(fourTimes.runs(4)).isEqualTo(1);
    assertThat(fourTimes.runs(2)).isZero();
    assertThat(catalogue.upscaler(8)).isEmpty();
  }

  @Test
  void upscalersOfFurtherFoldersComeBehindAndTakeNoPlace() throws IOException {
    small.upscaler("esrgan", 2);
    SmallCatalogue further = new SmallCatalogue(folder.resolve("further"));
    further.upscaler("a-sharp-one", 4);

    Catalogue catalogue = Catalogue.open(List.of(small.folder, further.folder));

    assertThat(catalogue.upscalers())
        .extracting(UpscalerCard::name)
        .containsExactly("esrgan", "a-sharp-one");
    assertThat(catalogue.upscaler(4)).map(UpscalerCard::name).hasValue("esrgan");
    UpscalerCard sharp = catalogue.findUpscaler("a-sharp-one").orElseThrow();
    assertThat(catalogue.findUpscaler(sharp.reference())).hasValue(sharp);
    assertThat(catalogue.findUpscaler("a-sharp-one@sha256:00")).isEmpty();
    further.upscaler("esrgan", 4);
    assertThatThrownBy(() -> Catalogue.open(List.of(small.folder, further.folder)))
        .isInstanceOf(InvalidCatalogueException.class)
        .hasMessageContaining("upscalers/esrgan: two folders have one of that name");
  }

  @Test
  void aPinnedUpscalerThatIsNotHereIsRejected() throws IOException {
    small.upscaler("esrgan", 2);
    Catalogue catalogue = open();
    UpscalerCard esrgan = catalogue.upscaler(2).orElseThrow();
    ModelRef pinned = ModelRef.newBuilder().setName("esrgan").setDigest(esrgan.digest()).build();

    assertThat(catalogue.requireUpscaler(pinned)).isSameAs(esrgan);
    assertThatThrownBy(
            () -> catalogue.requireUpscaler(pinned.toBuilder().setDigest("sha256:00").build()))
        .isInstanceOfSatisfying(
            Failure.Rejected.class,
            rejected -> assertThat(rejected.code()).isEqualTo("upscaler_unavailable"));
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource
  void whatIsWrongWithAPostprocessorIsNamedByFileAndKey(
      String file, Consumer<ObjectNode> change, String problem) throws IOException {
    small.upscaler("esrgan", 2);
    small.safetyChecker("nsfw");
    small.change(file, change);

    assertThat(problems())
        .anySatisfy(found -> assertThat(found).startsWith("models/" + file).contains(problem));
  }

  static Stream<Arguments> whatIsWrongWithAPostprocessorIsNamedByFileAndKey() {
    String upscaler = "upscalers/esrgan/manifest.json";
    String checker = "safety_checkers/nsfw/manifest.json";
    return Stream.of(
        broken(upscaler, m -> m.put("scale", 3), "scale must be 2 or 4"),
        broken(upscaler, m -> m.put("scale", 8), "scale must be an integer from 2 to 4"),
        broken(upscaler, m -> m.put("receptive_field", 0), "receptive_field must be an integer"),
        broken(upscaler, m -> m.put("tile_size", 4), "tile_size must be an integer from 8"),
        broken(upscaler, m -> m.put("tile_multiple", 4), "tile_multiple must divide"),
        broken(upscaler, m -> m.put("model", "other.onnx"), "\"files\" does not list"),
        broken(upscaler, m -> m.put("name", "other"), "but the folder is esrgan"),
        broken(upscaler, m -> m.put("family", "x"), "family is unknown"),
        broken(checker, m -> m.put("input_size", 4), "input_size must be an integer"),
        broken(checker, m -> m.putArray("classes").add("good"), "an array of 2 to 100 names"),
        broken(checker, m -> m.putArray("classes").add("a").add("a"), "none twice"),
        broken(checker, m -> m.put("classes", "good"), "an array of 2 to 100 names"),
        broken(checker, m -> m.putArray("unsafe").add("ugly"), "names what is none of classes"));
  }

  private static Arguments broken(String file, Consumer<ObjectNode> change, String problem) {
    return Arguments.of(file, change, problem);
  }

  @Test
  void twoSafetyCheckersAreOneTooMany() throws IOException {
    small.safetyChecker("one");
    small.safetyChecker("two");

    assertThat(problems())
        .containsExactly("models/safety_checkers: holds 2 safety checkers; at most 1");
  }

  @Test
  void aModelIsServedByItsPool() throws IOException {
    small.write("pools.yaml", "large:\n  - beta\nsmall: [alpha]\n");
    Catalogue catalogue = open();

    assertThat(catalogue.pools()).containsOnlyKeys("large", "small");
    assertThat(catalogue.poolOf(catalogue.find("beta").orElseThrow())).contains("large");
    assertThat(catalogue.modelsOf("small")).extracting(ModelCard::name).containsExactly("alpha");
    assertThatThrownBy(() -> catalogue.modelsOf("default"))
        .isInstanceOf(InvalidCatalogueException.class)
        .hasMessageContaining("latentline.pool");
  }

  @Test
  void aModelInNoPoolIsNotOnOffer() throws IOException {
    small.write("pools.yaml", "default: [alpha]");
    Catalogue catalogue = open();

    assertThat(catalogue.models()).extracting(ModelCard::name).containsExactly("alpha");
    assertThat(catalogue.served()).extracting(ModelCard::name).containsExactly("alpha");
    assertThat(catalogue.poolOf(catalogue.find("beta").orElseThrow())).isEmpty();
  }

  @Test
  void poolsHaveTheirModelsAtHandInTheOrderInWhichTheyNameThem() throws IOException {
    small.write("pools.yaml", "default: [beta, alpha]");

    assertThat(open().namedModelsOf("default"))
        .extracting(ModelCard::name)
        .containsExactly("beta", "alpha");
  }

  @Test
  void anAliasIsAnotherNameOfAModel() throws IOException {
    small.write("aliases.yaml", "default: beta\ndall-e-3: beta\n");
    Catalogue catalogue = open();
    ModelCard beta = catalogue.find("beta").orElseThrow();

    assertThat(catalogue.find("dall-e-3")).contains(beta);
    assertThat(catalogue.find("dall-e-3@" + beta.digest())).contains(beta);
    assertThat(catalogue.find("dall-e-3@sha256:00")).isEmpty();
    assertThat(catalogue.models()).hasSize(2);
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource
  void whatIsWrongInAliasesIsNamed(String yaml, String problem) throws IOException {
    small.write("aliases.yaml", yaml);

    assertThat(problems()).anySatisfy(found -> assertThat(found).contains(problem));
  }

  static Stream<Arguments> whatIsWrongInAliasesIsNamed() {
    return Stream.of(
        Arguments.of("alpha: beta", "alpha is the name of a model already"),
        Arguments.of("x: gamma", "x stands for gamma, and there is no such model"),
        Arguments.of("x: y\ny: beta", "x stands for y, and there is no such model"),
        Arguments.of("X Y: beta", "X Y is no name"),
        Arguments.of("x: [beta]", "there is no such model"),
        Arguments.of("[beta]", "must be a mapping"),
        Arguments.of("x: {", "aliases.yaml: line"));
  }

  @Test
  void requestsStayPinnedToAModelWhosePlaceAnotherTook() throws IOException {
    ModelCard before = open().find("alpha").orElseThrow();
    Path retired = small.path("retired/0123456789ab/alpha");
    Files.createDirectories(retired.getParent());
    Files.move(small.path("alpha"), retired);
    new SmallCatalogue(folder.resolve("newer"), "alpha")
        .manifest("alpha", m -> m.put("description", "newer"));
    Files.move(folder.resolve("newer/alpha"), small.path("alpha"));
    Catalogue catalogue = open();
    ModelCard now = catalogue.find("alpha").orElseThrow();

    assertThat(now.digest()).isNotEqualTo(before.digest());
    assertThat(catalogue.require(pinned(before)).folder()).isEqualTo(retired);
    assertThat(catalogue.find(before.reference())).isPresent();
    assertThat(catalogue.models()).extracting(ModelCard::digest).doesNotContain(before.digest());
    assertThat(catalogue.modelsOf("default"))
        .extracting(ModelCard::digest)
        .contains(before.digest(), now.digest());

    // it must not keep the others from their work
    Files.writeString(retired.resolve("manifest.json"), "{");
    assertThat(open().find(before.reference())).isEmpty();
  }

  private static ModelRef pinned(ModelCard card) {
    return ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()).build();
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource
  void whatIsWrongInPoolsIsNamed(String yaml, String problem) throws IOException {
    small.write("pools.yaml", yaml);

    assertThat(problems()).anySatisfy(found -> assertThat(found).contains(problem));
  }

  static Stream<Arguments> whatIsWrongInPoolsIsNamed() {
    return Stream.of(
        Arguments.of("default: [alpha, beta, gamma]", "names gamma, and there is no such model"),
        Arguments.of("a: [alpha, beta]\nb: [beta]", "beta is named twice: in a and b"),
        Arguments.of("default: alpha", "default must be a list of models"),
        Arguments.of("Default Pool: [alpha, beta]", "is no name of a pool"),
        Arguments.of("a: [alpha]\na: [beta]", "Duplicate"),
        Arguments.of("[alpha, beta]", "must be a mapping"),
        Arguments.of("", "must be a mapping"),
        Arguments.of("default: [alpha", "pools.yaml: line"));
  }

  @Test
  void aModelMayHaveAnImageEncoderAndBePromptedByPictures() throws IOException {
    small.manifest("alpha", manifest -> seeing(manifest));
    small.manifest("beta", manifest -> seeing(manifest).remove("prompt"));

    String graph = "unet/model.onnx";
    Catalogue catalogue = open();
    assertThat(catalogue.find("alpha").orElseThrow().imageEncoder())
        .contains(new ImageEncoder(graph, 128, 384, Optional.of(graph)));
    assertThat(catalogue.find("alpha").orElseThrow().imagePrompt()).contains(graph);
    assertThat(catalogue.find("beta").orElseThrow().imageEncoder()).isPresent();
    assertThat(catalogue.find("beta").orElseThrow().imagePrompt()).isEmpty();
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource
  void whatIsWrongInAManifestIsNamedByFileAndKey(Consumer<ObjectNode> change, String problem)
      throws IOException {
    small.manifest("alpha", change);

    assertThat(problems())
        .anySatisfy(found -> assertThat(found).startsWith("models/alpha/").contains(problem));
  }

  static Stream<Arguments> whatIsWrongInAManifestIsNamedByFileAndKey() {
    return Stream.of(
        broken(m -> m.put("name", "omega"), "name is omega, but the folder is alpha"),
        broken(m -> m.put("name", 7), "name must be a name"),
        broken(m -> m.put("schema", 2), "schema must be an integer from 1 to 1"),
        broken(m -> m.put("guidance", 7), "guidance is unknown"),
        broken(m -> m.put("licence", "two\nlines"), "licence must be"),
        broken(m -> m.remove("licence"), "licence must be an SPDX expression"),
        broken(m -> m.put("created", "yesterday"), "created must be a time"),
        broken(m -> m.put("defaults", 1), "defaults must be an object"),
        broken(m -> in(m, "defaults").put("steps", 0), "defaults.steps must be an integer from 1"),
        broken(m -> in(m, "defaults").put("steps", 20.5), "defaults.steps must be an integer"),
        broken(m -> in(m, "defaults").put("steps", "20"), "defaults.steps must be an integer"),
        broken(m -> in(m, "defaults").put("steps", 101), "steps is above limits.max_steps"),
        broken(m -> in(m, "defaults").put("sampler", "magic"), "sampler must be one of ddim,"),
        broken(m -> in(m, "defaults").put("width", 1032), "not what limits allow"),
        broken(m -> in(m, "defaults").put("colour", 1), "defaults.colour is unknown"),
        broken(m -> in(m, "limits").put("size_multiple", 12), "no multiple of vae.scale_factor"),
        broken(m -> in(m, "unet").put("patch_size", 64), "vae.scale_factor times unet.patch_size"),
        broken(m -> in(m, "unet").put("guidance", 3.5), "unet.guidance must be true or false"),
        broken(m -> in(m, "limits").put("min_width", 2048), "a minimum is above its maximum"),
        broken(m -> in(m, "unet").put("model", "/etc/passwd"), "\"files\" does not list"),
        broken(m -> in(m, "unet").put("context_size", 1), "sum of the text encoders'"),
        broken(m -> rgb(m, "[[1, 1, 1]]", "[0, 0, 0]"), "not one row for each of unet.latent_"),
        broken(m -> rgb(m, ROWS.replace("4", "1e999"), "[0, 0, 0]"), "factors[3] must be an array"),
        broken(m -> rgb(m, ROWS.replace("4", "\"4\""), "[0, 0, 0]"), "factors[3] must be an array"),
        broken(m -> rgb(m, "[[1, 2]]", "[0, 0, 0]"), "factors[0] must be an array of 3 numbers"),
        broken(m -> rgb(m, "7", "[0, 0, 0]"), "vae.latent_rgb_factors must be an array of 1 to"),
        broken(m -> rgb(m, ROWS, "[0, 0]"), "vae.latent_rgb_bias must be an array of 3 numbers"),
        broken(m -> rgb(m, ROWS, "null"), "vae.latent_rgb_bias must be an array of 3 numbers"),
        broken(m -> seeing(m).remove("size"), "image_encoder.size must be an integer from 1"),
        broken(m -> seeing(m).put("features", 0), "image_encoder.features must be an integer from"),
        broken(m -> seeing(m).put("prompt", "prompt/model.onnx"), "\"files\" does not list"),
        broken(
            m -> {
              seeing(m);
              in(m, "unet").put("text_embeds", true);
            },
            "image_encoder.prompt gives no text_embeds"),
        broken(m -> seeing(m).put("eyes", 2), "image_encoder.eyes is unknown"),
        broken(m -> m.putArray("text_encoders"), "text_encoders must be an array of 1 to 4"),
        broken(m -> m.withArray("text_encoders").add(1), "text_encoders[1] must be an object"),
        broken(
            m -> in(m, "files").putObject("../beta/unet/model.onnx").put("size", 1),
            "is no path of a file inside the model's folder"),
        broken(
            m -> in(m, "files").putObject("/etc/passwd").put("size", 1),
            "is no path of a file inside the model's folder"),
        broken(
            m -> in(m, "files").putObject("a").put("size", -1),
            "files[\"a\"].size must be an integer from 0"),
        broken(
            m -> in(m, "files").putObject("a").put("sha256", "00"),
            "files[\"a\"].sha256 must be 64 digits"));
  }

  @Test
  void previewsAreAsTheManifestSays() throws IOException {
    assertThat(open().find("alpha").orElseThrow().vae().latentRgb()).isEmpty();

    small.manifest("alpha", m -> rgb(m, ROWS, "[0.5, 0, -0.5]"));

    LatentRgb rgb = open().find("alpha").orElseThrow().vae().latentRgb().orElseThrow();
    assertThat(rgb.factors()).hasSize(4).last().isEqualTo(List.of(-0.5, 0.0, 4.0));
    assertThat(rgb.bias()).containsExactly(0.5, 0.0, -0.5);
  }

  private static void rgb(ObjectNode manifest, String factors, String bias) {
    try {
      in(manifest, "vae").set("latent_rgb_factors", new JsonMapper().readTree(factors));
      in(manifest, "vae").set("latent_rgb_bias", new JsonMapper().readTree(bias));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Arguments broken(Consumer<ObjectNode> change, String problem) {
    return Arguments.of(change, problem);
  }

  private static ObjectNode in(ObjectNode manifest, String key) {
    return (ObjectNode) manifest.get(key);
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource
  void whatIsNotCarriedOutOfASchedulerIsNamed(Consumer<ObjectNode> change, String problem)
      throws IOException {
    small.change("alpha/scheduler/scheduler_config.json", change);

    assertThat(problems())
        .anySatisfy(
            found ->
                assertThat(found)
                    .startsWith("models/alpha/scheduler/scheduler_config.json")
                    .contains(problem));
  }

  static Stream<Arguments> whatIsNotCarriedOutOfASchedulerIsNamed() {
    return Stream.of(
        broken(s -> s.put("thresholding", true), "thresholding is not supported"),
        broken(s -> s.putArray("trained_betas").add(1), "trained_betas is not supported"),
        broken(s -> s.put("beta_schedule", "sigmoid"), "must be one of linear, scaled_linear"),
        broken(s -> s.put("prediction_type", "x0"), "must be one of epsilon, v_prediction, sample"),
        broken(s -> s.put("shift", 0), "shift must be"),
        broken(s -> s.put("use_dynamic_shifting", true), "use_dynamic_shifting is not supported"),
        broken(s -> s.put("shift", 3).put("timestep_spacing", "leading"), "must be linspace or"),
        broken(s -> s.put("shift", 3).put("use_dynamic_shifting", 1), "must be true or false"),
        broken(
            s -> s.put("shift", 3).put("use_dynamic_shifting", true).put("max_image_seq_len", 256),
            "max_image_seq_len must be an integer from 257 to"),
        broken(s -> s.put("beta_start", 0.5), "beta_start is above beta_end"),
        broken(s -> s.put("clip_sample", "yes"), "clip_sample must be true or false"),
        broken(s -> s.remove("num_train_timesteps"), "num_train_timesteps must be an integer"));
  }

  @Test
  void everyProblemOfEveryModelIsToldAtOnce() throws IOException {
    small.manifest("alpha", m -> m.put("created", "yesterday").put("more", 1));
    small.write("beta/manifest.json", "{\"schema\": 1,\n\"schema\": 1}");
    small.write("pools.yaml", "default: [alpha, gamma]");

    assertThat(problems())
        .hasSize(4)
        .anySatisfy(found -> assertThat(found).contains("alpha/manifest.json: created"))
        .anySatisfy(found -> assertThat(found).contains("alpha/manifest.json: more is unknown"))
        .anySatisfy(found -> assertThat(found).contains("beta/manifest.json: line 2: Duplicate"))
        .anySatisfy(found -> assertThat(found).contains("default names gamma"));
  }

  @Test
  void aManifestThatIsNoJsonOrTooLargeIsNamed() throws IOException {
    small.write("alpha/manifest.json", "{} {}");
    small.write("beta/manifest.json", " ".repeat(1024 * 1024 + 1));

    assertThat(problems())
        .anySatisfy(found -> assertThat(found).contains("alpha/manifest.json"))
        .anySatisfy(found -> assertThat(found).contains("beta/manifest.json: longer than"));
  }

  @Test
  void aFolderWithoutModelsSaysWhatIsMissing() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));

    assertThatThrownBy(() -> Catalogue.open(empty))
        .isInstanceOf(InvalidCatalogueException.class)
        .hasMessageContaining("no folder with a manifest.json");
    assertThatThrownBy(() -> Catalogue.open(folder.resolve("absent")))
        .isInstanceOf(InvalidCatalogueException.class)
        .hasMessageContaining("latentline.models");
    Files.delete(small.path("pools.yaml"));
    assertThat(problems()).containsExactly("models/pools.yaml: missing");
  }

  @Test
  void modelsOfFurtherFoldersComeLastAndAreInThePoolDefault() throws IOException {
    SmallCatalogue more = new SmallCatalogue(folder.resolve("more"), "aaa");

    Catalogue catalogue = Catalogue.open(List.of(small.folder, more.folder));
    assertThat(catalogue.models()).extracting(ModelCard::name).endsWith("aaa");
    assertThat(catalogue.poolOf(catalogue.find("aaa").orElseThrow())).contains("default");
    assertThat(catalogue.namedModels()).extracting(ModelCard::name).doesNotContain("aaa");
    small.write("pools.yaml", "default: [alpha, beta]\nown: [aaa]\n");
    assertThat(Catalogue.open(List.of(small.folder, more.folder)).pools().get("own"))
        .containsExactly("aaa");
  }

  @Test
  void twoFoldersDoNotHaveAModelOfOneName() throws IOException {
    SmallCatalogue more = new SmallCatalogue(folder.resolve("more"), "beta");

    assertThatThrownBy(() -> Catalogue.open(List.of(small.folder, more.folder)))
        .isInstanceOf(InvalidCatalogueException.class)
        .hasMessageContaining("beta: ")
        .hasMessageContaining("has a model of that name too");
  }

  @Test
  void whatNetworksTakeBesidesTextsComesWithWhatGivesIt() throws IOException {
    small.manifest("alpha", manifest -> ((ObjectNode) manifest.at("/unet")).put("time_ids", 6));

    assertThat(problems())
        .containsExactly(
            "models/alpha/manifest.json: unet.time_ids or unet.text_embeds come together with a"
                + " text encoder's pooled_output");
    small.manifest(
        "alpha",
        manifest ->
            ((ObjectNode) manifest.at("/text_encoders/0"))
                .put("pad_id", 7)
                .put("pooled_output", "pooled")
                .put("pooled_size", 3));
    TextEncoder encoder = open().find("alpha").orElseThrow().textEncoders().get(0);
    assertThat(encoder.padId()).hasValue(7);
    assertThat(encoder.pooled()).hasValue(new TextEncoder.Pooled("pooled", 3));
  }

  @Test
  void aFolderWhoseNameIsNoModelNameIsNamed() throws IOException {
    Files.move(small.path("beta"), small.path("Beta One"));

    assertThat(problems())
        .anySatisfy(found -> assertThat(found).contains("Beta One: the folder's name is no model"));
  }

  @Test
  void everyMissingAlteredOrUnlistedFileIsNamed() throws IOException {
    ModelCard alpha = open().find("alpha").orElseThrow();
    assertThat(alpha.verify()).isEmpty();

    small.write("alpha/README.md", "explains");
    Files.delete(small.path("alpha/unet/model.onnx"));
    small.write("alpha/vae_decoder/model.onnx", "alpha vae_decoder/model.onnX");
    small.write("alpha/vae_encoder/model.onnx", "short");
    small.write("alpha/unet/weights.bin", "data beside the graph");

    assertThat(alpha.verify())
        .satisfiesExactly(
            found -> assertThat(found).isEqualTo("alpha/unet/model.onnx: missing"),
            found -> assertThat(found).startsWith("alpha/vae_decoder/model.onnx: altered: SHA-256"),
            found -> assertThat(found).startsWith("alpha/vae_encoder/model.onnx: altered: 5 bytes"),
            found ->
                assertThat(found).isEqualTo("alpha/unet/weights.bin: not listed in manifest.json"));
    assertThat(alpha.verify(List.of("tokenizer/tokenizer.json"))).isEmpty();
  }

  @Test
  void aSymbolicLinkIsNotFollowed() throws IOException {
    ModelCard alpha = open().find("alpha").orElseThrow();
    Files.move(small.path("alpha/unet"), folder.resolve("elsewhere"));
    Files.createSymbolicLink(small.path("alpha/unet"), folder.resolve("elsewhere"));

    assertThat(alpha.verify())
        .anySatisfy(
            found ->
                assertThat(found)
                    .startsWith("alpha/unet/model.onnx: reached through a symbolic link"));
  }

  private Catalogue open() {
    return Catalogue.open(small.folder);
  }

  private List<String> problems() {
    InvalidCatalogueException invalid =
        catchThrowableOfType(InvalidCatalogueException.class, this::open);
    assertThat(invalid).isNotNull();
    return invalid.problems();
  }
}
