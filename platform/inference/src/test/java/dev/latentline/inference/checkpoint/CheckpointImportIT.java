package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.contract.Sha256;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointImportIT {
  @TempDir Path folder;

  @AfterEach
  void nothingIsLeftOfWhatFailed() throws IOException {
    if (Files.exists(models())) {
      try (Stream<Path> left = Files.list(models())) {
        assertThat(left.map(path -> path.getFileName().toString()).toList())
            .isSubsetOf("my-model", "retired");
      }
    }
  }

  @Test
  void theManifestSaysWhatTheFamilyIsAndIsTheSameEachTime() throws IOException {
    Path file = RandomCheckpoint.of("tiny-sd1").write(folder.resolve("a.safetensors"));

    JsonNode manifest = imported(Orders.of(file, models()));

    assertThat(manifest.at("/family").asText()).isEqualTo("stable-diffusion-1-tiny");
    assertThat(manifest.at("/licence").asText()).isEqualTo("LicenseRef-unknown");
    assertThat(manifest.at("/text_encoders/0/pad_id").asInt()).isEqualTo(49407);
    byte[] first = Files.readAllBytes(models().resolve("my-model/manifest.json"));
    imported(Orders.of(file, folder.resolve("again")));
    assertThat(folder.resolve("again/my-model/manifest.json")).hasBinaryContent(first);
  }

  @Test
  void aModelIsReplacedOnlyWhereThatWasAskedFor() throws IOException {
    Path file = RandomCheckpoint.of("tiny-sd1").write(folder.resolve("a.safetensors"));
    ImportOrder order = Orders.of(file, models());
    CheckpointImport.run(order, note -> {});

    assertRefused(order, "there is a model my-model already");
    ImportOrder replacing =
        new ImportOrder(
            file,
            Optional.empty(),
            Optional.empty(),
            "my-model",
            Optional.of("MIT"),
            Optional.empty(),
            Orders.TEMPLATES,
            models(),
            true);
    byte[] before = Files.readAllBytes(models().resolve("my-model/manifest.json"));
    assertThat(imported(replacing).at("/licence").asText()).isEqualTo("MIT");
    // requests may be pinned to it
    Path version = models().resolve("retired").resolve(Sha256.hex(before).substring(0, 12));
    assertThat(version.resolve("my-model/manifest.json")).hasBinaryContent(before);
    assertThat(version.resolve("my-model/unet/weights.safetensors")).exists();

    imported(replacing);
    assertThat(models().resolve("retired").toFile().list()).as("the same again").hasSize(1);

    Files.setLastModifiedTime(
        version, FileTime.from(Instant.now().minus(RetiredModels.KEPT).minusSeconds(1)));
    imported(replacing);
    assertThat(version).as("no request can be so old").doesNotExist();
  }

  @Test
  void aStableDiffusion2ThatDoesNotSayWhatItPredictsIsNotGuessedAt() throws IOException {
    Path file = RandomCheckpoint.of("tiny-sd2").write(folder.resolve("two.safetensors"));

    assertRefused(Orders.of(file, models()), "--prediction v_prediction");
    imported(Orders.of(file, models(), null, "v_prediction"));
    assertThat(scheduler().at("/prediction_type").asText()).isEqualTo("v_prediction");
  }

  @Test
  void aTensorTellsOfVPrediction() throws IOException {
    Path file =
        RandomCheckpoint.of("tiny-sd2").with("v_pred", 0).write(folder.resolve("two.safetensors"));

    imported(Orders.of(file, models()));
    assertThat(scheduler().at("/prediction_type").asText()).isEqualTo("v_prediction");
  }

  @Test
  void aTensorTellsOfZeroTerminalSnr() throws IOException {
    Path file =
        RandomCheckpoint.of("tiny-sdxl")
            .with("v_pred", 0)
            .with("ztsnr", 0)
            .write(folder.resolve("zero.safetensors"));

    JsonNode manifest = imported(Orders.of(file, models()));

    assertThat(scheduler().at("/rescale_betas_zero_snr").asBoolean()).isTrue();
    assertThat(scheduler().at("/timestep_spacing").asText()).isEqualTo("trailing");
    assertThat(scheduler().at("/prediction_type").asText()).isEqualTo("v_prediction");
    assertThat(manifest.at("/defaults/sampler").asText()).isEqualTo("euler");
    assertThat(manifest.at("/defaults/schedule").asText()).isEqualTo("normal");
  }

  @Test
  void aFoldersSchedulerTellsOfZeroTerminalSnr() throws IOException {
    Path model = folderOf("tiny-sd2");
    scheduler(
        model,
        """
        {"prediction_type": "v_prediction", "rescale_betas_zero_snr": true,
         "timestep_spacing": "trailing", "beta_schedule": "scaled_linear"}""");

    JsonNode manifest = imported(Orders.of(model, models()));

    assertThat(scheduler().at("/rescale_betas_zero_snr").asBoolean()).isTrue();
    assertThat(scheduler().at("/timestep_spacing").asText()).isEqualTo("trailing");
    assertThat(manifest.at("/defaults/schedule").asText()).isEqualTo("normal");
  }

  @Test
  void noiseIsNotPredictedWhereNoSignalIsLeft() throws IOException {
    Path file =
        RandomCheckpoint.of("tiny-sd1").with("ztsnr", 0).write(folder.resolve("zero.safetensors"));

    assertRefused(Orders.of(file, models()), "say --prediction v_prediction");
    imported(Orders.of(file, models(), null, "v_prediction"));
  }

  @Test
  void whatAFoldersNetworkPredictsMustBeKnown() throws IOException {
    Path model = folderOf("tiny-sd1");
    scheduler(model, "{\"prediction_type\": \"flow_prediction\"}");

    assertRefused(Orders.of(model, models()), "predicts flow_prediction, which is not known here");
  }

  @ParameterizedTest
  @CsvSource({
    "EulerAncestralDiscreteScheduler, trailing, euler_a, normal, 4, 1.0",
    "EulerDiscreteScheduler, trailing, euler, normal, 4, 1.0",
    "LCMScheduler, leading, lcm, normal, 4, 1.0",
    "TCDScheduler, leading, tcd, normal, 4, 1.0",
    "EulerAncestralDiscreteScheduler, leading, dpmpp_2m, karras, 25, 7.5",
    "EulerDiscreteScheduler, leading, dpmpp_2m, karras, 25, 7.5",
    "DDIMScheduler, trailing, dpmpp_2m, karras, 25, 7.5",
  })
  void aFoldersSchedulerTellsThatFewStepsAreEnough(
      String kind, String spacing, String sampler, String schedule, int steps, double guidance)
      throws IOException {
    Path model = folderOf("tiny-sd1");
    scheduler(
        model, "{\"_class_name\": \"" + kind + "\", \"timestep_spacing\": \"" + spacing + "\"}");

    JsonNode defaults = imported(Orders.of(model, models())).path("defaults");

    assertThat(defaults.path("sampler").asText()).isEqualTo(sampler);
    assertThat(defaults.path("schedule").asText()).isEqualTo(schedule);
    assertThat(defaults.path("steps").asInt()).isEqualTo(steps);
    assertThat(defaults.path("guidance_scale").asDouble()).isEqualTo(guidance);
  }

  @Test
  void whatIsOrderedCountsMoreThanWhatTheFolderSays() throws IOException {
    Path model = folderOf("tiny-sd1");
    scheduler(model, "{\"_class_name\": \"LCMScheduler\", \"prediction_type\": \"sample\"}");
    Files.writeString(model.resolve("unet/config.json"), "{\"sample_size\": 24}");
    OrderedDefaults ordered =
        new OrderedDefaults(
            Optional.of(2),
            Optional.of(1.5f),
            Optional.of(Sampler.EULER),
            Optional.of(Schedule.SGM_UNIFORM));

    CheckpointImport.run(Orders.of(model, models()), ordered, note -> {});

    JsonNode defaults =
        new ObjectMapper()
            .readTree(models().resolve("my-model/manifest.json").toFile())
            .path("defaults");
    assertThat(defaults.toString())
        .isEqualTo(
            "{\"steps\":2,\"guidance_scale\":1.5,\"width\":192,\"height\":192,"
                + "\"sampler\":\"euler\",\"schedule\":\"sgm_uniform\"}");
    assertThat(scheduler().at("/prediction_type").asText()).isEqualTo("sample");
    Path lora =
        RandomCheckpoint.templates().resolveSibling("golden/loras/tiny-sd1/peft.safetensors");
    assertThatThrownBy(() -> CheckpointImport.run(Orders.of(lora, models()), ordered, note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining("it is a LoRA, which has no defaults");
  }

  /** As diffusers writes it, without a scheduler. */
  private Path folderOf(String family) throws IOException {
    Path model = Files.createDirectories(folder.resolve("written"));
    String[][] parts = {
      {"unet", "diffusion_pytorch_model.safetensors", "unet"},
      {"text_encoder", "model.safetensors", "text_encoder"},
      {"vae", "diffusion_pytorch_model.safetensors", "vae_decoder", "vae_encoder"},
    };
    for (String[] part : parts) {
      Files.createDirectories(model.resolve(part[0]));
      RandomCheckpoint.ofParts(family, Arrays.copyOfRange(part, 2, part.length))
          .write(model.resolve(part[0]).resolve(part[1]));
    }
    return model;
  }

  private static void scheduler(Path model, String json) throws IOException {
    Path file = model.resolve("scheduler/scheduler_config.json");
    Files.createDirectories(file.getParent());
    Files.writeString(file, json);
  }

  @Test
  void layersThatNoGraphComputesAreNotLeftOut() throws IOException {
    Path file =
        RandomCheckpoint.of("tiny-sd2")
            .with("model.diffusion_model.time_embed.cond_proj.weight", 8, 8)
            .write(folder.resolve("more.safetensors"));

    assertRefused(
        Orders.of(file, models(), null, "epsilon"),
        "and more that it does not have: model.diffusion_model.time_embed.cond_proj.weight");
  }

  @Test
  void aLatentConsistencyModelIsToldItsGuidanceAndTakesFewSteps() throws IOException {
    Path file = RandomCheckpoint.of("tiny-sd1-lcm").write(folder.resolve("lcm.safetensors"));

    JsonNode manifest = imported(Orders.of(file, models()));

    assertThat(manifest.at("/family").asText()).isEqualTo("stable-diffusion-1-tiny");
    assertThat(manifest.at("/unet/guidance_size").asInt()).isEqualTo(8);
    assertThat(manifest.at("/defaults/sampler").asText()).isEqualTo("lcm");
    assertThat(manifest.at("/defaults/steps").asInt()).isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-sd1-lcm", "tiny-sdxl-lcm", "tiny-sdxl-inpainting"})
  void aFolderOfTheSameWeightsMakesTheSameModel(String family) throws IOException {
    JsonNode single =
        imported(
            Orders.of(
                RandomCheckpoint.of(family).write(folder.resolve("it.safetensors")), models()));
    Path written = folder.resolve("written");
    for (String part : List.of("unet", "text_encoder", "text_encoder_2")) {
      Path weights = models().resolve("my-model/" + part + "/weights.safetensors");
      if (Files.exists(weights)) {
        Files.createDirectories(written.resolve(part));
        Files.copy(weights, written.resolve(part).resolve("model.safetensors"));
      }
    }
    // an index names several files, here those of the two graphs
    Path vae = Files.createDirectories(written.resolve("vae"));
    for (String part : List.of("vae_decoder", "vae_encoder")) {
      Files.copy(
          models().resolve("my-model/" + part + "/weights.safetensors"),
          vae.resolve("of-" + part + ".safetensors"));
    }
    Files.writeString(
        vae.resolve("diffusion_pytorch_model.safetensors.index.json"),
        """
        {"weight_map": {"a": "of-vae_decoder.safetensors", "b": "of-vae_encoder.safetensors"}}""");

    JsonNode again = imported(Orders.of(written, folder.resolve("again")));

    assertThat(again.at("/files")).isEqualTo(single.at("/files"));
    assertThat(again.at("/unet")).isEqualTo(single.at("/unet"));
  }

  @Test
  void theGuidancesLayerMayHaveTheNameThatDiffusersConverterLeavesIt() throws IOException {
    Path file =
        RandomCheckpoint.of("tiny-sdxl-lcm")
            .renamed(
                "model\\.diffusion_model\\.time_embed\\.cond",
                "model.diffusion_model.time_embedding.cond")
            .write(folder.resolve("lcm.safetensors"));

    assertThat(imported(Orders.of(file, models())).at("/unet/guidance_size").asInt()).isEqualTo(8);
  }

  @Test
  void anAutoencoderMayComeFromAFileOfItsOwn() throws IOException {
    Path without =
        RandomCheckpoint.of("tiny-sd1")
            .without("first_stage_model.")
            .write(folder.resolve("without.safetensors"));
    Path vae =
        RandomCheckpoint.of("tiny-sd1")
            .without("model.")
            .without("cond_stage_model.")
            .renamed("first_stage_model\\.", "")
            .write(folder.resolve("vae.safetensors"));

    assertRefused(Orders.of(without, models()), "it has no autoencoder: name one with --vae");
    assertRefused(Orders.of(vae, models()), "an autoencoder (VAE) alone");
    JsonNode manifest =
        imported(
            new ImportOrder(
                without,
                Optional.of(vae),
                Optional.empty(),
                "my-model",
                Optional.empty(),
                Optional.empty(),
                Orders.TEMPLATES,
                models(),
                false));
    assertThat(manifest.at("/files").has("vae_decoder/weights.safetensors")).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "model.diffusion_model.out.2.bias | 5 | model.diffusion_model.out.2.bias is F16[5], and should give [4]",
        "model.diffusion_model.input_blocks.0.0.weight | 8 8 3 3 | for editing pictures (8 channels)",
        "model.diffusion_model.input_blocks.0.0.weight | 8 7 3 3 | an upscaler by diffusion",
        "model.diffusion_model.input_blocks.0.0.weight | 8 9 3 3 | for inpainting with the widths of a test, but 2 tensors are missing",
        "model.diffusion_model.joint_blocks.0.x.weight | 4 4 | Stable Diffusion 3",
        "model.diffusion_model.double_blocks.0.x.weight | 4 4 | Flux",
      })
  void whatCannotBeUsedIsSaid(String tensor, String shape, String said) throws IOException {
    long[] sides = Stream.of(shape.split(" ")).mapToLong(Long::parseLong).toArray();
    RandomCheckpoint checkpoint = RandomCheckpoint.of("tiny-sd1").with(tensor, sides);
    if (!tensor.contains("out.2")) {
      checkpoint = checkpoint.without("model.diffusion_model.out.2.");
    }
    Path file = checkpoint.write(folder.resolve("odd.safetensors"));

    assertRefused(Orders.of(file, models()), said);
  }

  @Test
  void whatIsMissingIsNamed() throws IOException {
    Path file =
        RandomCheckpoint.of("tiny-sd1")
            .without("cond_stage_model.transformer.text_model.final_layer_norm")
            .write(folder.resolve("part.safetensors"));

    assertRefused(
        Orders.of(file, models()),
        "2 tensors are missing: text_encoder/cond_stage_model.transformer.text_model"
            + ".final_layer_norm.bias");
  }

  @Test
  void anotherFileThanWasAskedForIsRefused() throws IOException {
    Path file = RandomCheckpoint.of("tiny-sd1").write(folder.resolve("a.safetensors"));

    assertRefused(Orders.of(file, models(), "00".repeat(32), null), "its SHA-256 is ");
    assertRefused(
        Orders.of(Files.createDirectory(folder.resolve("it")), models(), "00".repeat(32), null),
        "--sha256 is for single files, and it is a folder");
  }

  @Test
  void whatIsNoSafetensorsFileIsKnownByItsFirstBytes() throws IOException {
    String[][] kinds = {
      {"PK\u0003\u0004.....", "is a pickle"},
      {"\u0080\u0002}q\u0000.", "is a pickle"},
      {"GGUF\u0003\u0000\u0000\u0000", "is a GGUF file"},
      {"version https://git-lfs.github.com/spec/v1", "git lfs pull"},
      {"\n<!DOCTYPE html><html>", "is a web page"},
      {"", "too short"},
      {"anything that is long enough", "states a header of"},
    };
    for (String[] kind : kinds) {
      Path file = folder.resolve("it.safetensors");
      Files.write(file, kind[0].getBytes(StandardCharsets.ISO_8859_1));
      assertRefused(Orders.of(file, models()), kind[1]);
    }
    assertRefused(Orders.of(folder.resolve("absent"), models()), "there is no file");
    assertRefused(Orders.of(folder, models()), "it has no folder unet");
  }

  /** The first byte of a file is the lowest of its header's length. */
  @Test
  void aHeaderOfAnyLengthIsNoWebPage() throws IOException {
    String header = "{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}      ";
    assertThat(header).hasSize('<');
    Path file = folder.resolve("it.safetensors");
    Files.writeString(file, "<\0\0\0\0\0\0\0" + header + "\0\0");

    assertRefused(Orders.of(file, models()), "of no family that is known here");
  }

  @Test
  void namesAreMadeFromFiles() {
    assertThat(
            List.of(
                CheckpointImport.suggestedName(Path.of("/x/My Model (v1.5)!.safetensors")),
                CheckpointImport.suggestedName(Path.of("folder")),
                CheckpointImport.suggestedName(Path.of("_Ünï.safetensors")),
                CheckpointImport.suggestedName(Path.of("/x/My Model/.")),
                CheckpointImport.suggestedName(Path.of("/x/My Model/unet/..")),
                CheckpointImport.suggestedName(Path.of("水墨.safetensors")),
                CheckpointImport.suggestedName(Path.of("/"))))
        .containsExactly("my-model-v1.5", "folder", "n", "my-model", "my-model", "", "");
    Path here = Path.of("").toAbsolutePath();
    assertThat(CheckpointImport.suggestedName(Path.of(".")))
        .isEqualTo(CheckpointImport.suggestedName(here))
        .isNotEmpty();
  }

  private void assertRefused(ImportOrder order, String said) {
    assertThatThrownBy(() -> CheckpointImport.run(order, note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining(said);
  }

  private static JsonNode imported(ImportOrder order) throws IOException {
    Path model = CheckpointImport.run(order, note -> {});
    return new ObjectMapper().readTree(model.resolve("manifest.json").toFile());
  }

  private JsonNode scheduler() throws IOException {
    return new ObjectMapper()
        .readTree(models().resolve("my-model/scheduler/scheduler_config.json").toFile());
  }

  private Path models() {
    return folder.resolve("models");
  }
}
