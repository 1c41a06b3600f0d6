package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.FlowShift;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.LongTensor;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** FLUX.1 as diffusers writes it, and in the original layout. */
class FluxImportIT {
  private static final SessionSettings CPU = SessionSettings.cpu(1);
  private static final String DEV = "tiny-flux-dev";
  private static final String TRANSFORMER = "transformer/diffusion_pytorch_model.safetensors";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"tiny-flux-dev, 512, true", "tiny-flux-schnell, 256, false"})
  void aFolderAgreesWithDiffusers(String family, int tokens, boolean guided) throws IOException {
    Golden golden = Golden.of(family);

    ModelCard model = imported(RandomCheckpoint.writeFolder(family, folder.resolve("it")));

    assertThat(model.verify()).isEmpty();
    assertThat(model.unet().guidance()).isEqualTo(guided);
    assertThat(model.unet().patchSize()).isEqualTo(2);
    assertThat(model.textEncoders()).hasSize(2);
    assertThat(model.pooledSize()).isEqualTo(16);
    assertThat(model.maxTokens()).isEqualTo(tokens);
    assertThat(model.maxClipSkip()).isEqualTo(1);
    assertThat(model.vae().scalingFactor()).isEqualTo(0.3611);
    assertThat(model.vae().shiftFactor()).isEqualTo(0.1159);
    assertThat(model.vae().latentRgb().orElseThrow().factors()).hasSize(16);
    assertTransformer(model, golden);
    try (ModelSession encoder = open(model, model.vae().encoder())) {
      golden.assertSame("vae.encoded", encoder.run(Map.of("sample", golden.floats("vae.pixels"))));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-flux-dev", "tiny-flux-schnell"})
  void aSingleFileGivesWhatDiffusersMakesOfIt(String family) throws IOException {
    Golden golden = Golden.of(family + "-file");

    ModelCard model = imported(RandomCheckpoint.of(family).write(folder.resolve("it.safetensors")));

    assertTransformer(model, golden);
    assertAutoencoder(model, golden);
    assertTextEncoders(model, golden);
  }

  /** What is published apart: the transformer, the autoencoder, and the two text encoders. */
  @Test
  void filesOfAFolderMayHaveTheOriginalNames() throws IOException {
    RandomCheckpoint whole = RandomCheckpoint.of(DEV);
    Path it = folder.resolve("it");
    Path transformer =
        whole
            .without("text_encoders.")
            .without("vae.")
            .write(file(it.resolve("transformer/flux1-dev.safetensors")));
    whole
        .without("model.")
        .without("vae.")
        .without("text_encoders.t5xxl.")
        .write(file(it.resolve("text_encoder/clip_l.safetensors")));

    assertRefused(transformer, "it has no text_encoder and no autoencoder: lay it into a folder");
    assertRefused(it, "it has no autoencoder: name one with --vae");
    whole.without("text_encoders.").without("model.").write(file(it.resolve("vae/ae.safetensors")));
    assertRefused(it, "30 tensors are missing: text_encoder_2/");
    whole
        .without("model.")
        .without("vae.")
        .without("text_encoders.clip_l.")
        .write(file(it.resolve("text_encoder_2/t5xxl_fp16.safetensors")));
    ModelCard model = imported(it);
    Golden golden = Golden.of(DEV + "-file");
    assertTransformer(model, golden);
    assertAutoencoder(model, golden);
    assertTextEncoders(model, golden);
  }

  /** Numbers follow from names, so only their places are looked at. */
  @Test
  void theOriginalFilesHaveNoPrefixes() throws IOException {
    RandomCheckpoint whole = RandomCheckpoint.of(DEV);
    Path it = folder.resolve("it");
    whole
        .without("text_encoders.")
        .without("vae.")
        .renamed("model\\.diffusion_model\\.", "")
        .write(file(it.resolve("transformer/flux1-dev.safetensors")));
    whole
        .without("text_encoders.")
        .without("model.")
        .renamed("vae\\.", "")
        .write(file(it.resolve("vae/ae.safetensors")));
    whole
        .without("model.")
        .without("vae.")
        .without("text_encoders.t5xxl.")
        .renamed("text_encoders\\.clip_l\\.transformer\\.", "")
        .with("text_projection.weight", 16, 16)
        .write(file(it.resolve("text_encoder/clip_l.safetensors")));
    whole
        .without("model.")
        .without("vae.")
        .without("text_encoders.clip_l.")
        .renamed("text_encoders\\.t5xxl\\.transformer\\.", "")
        .write(file(it.resolve("text_encoder_2/t5xxl_fp16.safetensors")));

    ModelCard model = imported(it);

    assertThat(model.family()).isEqualTo("flux-1-tiny");
    assertThat(model.unet().guidance()).isTrue();
  }

  @Test
  void whatIsMissingOrDoesNotFitIsNamed() throws IOException {
    Path it = RandomCheckpoint.writeFolder(DEV, folder.resolve("it"));
    RandomCheckpoint transformer = RandomCheckpoint.ofParts(DEV, "transformer");

    transformer
        .without("single_transformer_blocks.1.attn.to_k.bias")
        .write(it.resolve(TRANSFORMER));
    assertRefused(
        it, "1 tensors are missing: transformer/single_transformer_blocks.1.attn.to_k.bias");
    // as of FLUX.1 Fill, which sees a masked picture
    transformer.with("x_embedder.weight", 32, 384).write(it.resolve(TRANSFORMER));
    assertRefused(it, "x_embedder.weight is F16[32, 384], and should give [32, 64]");
    transformer.with("extra.weight", 4, 4).write(it.resolve(TRANSFORMER));
    assertRefused(it, "and more that it does not have: extra.weight");
    transformer.without("single_transformer_blocks.2.").write(it.resolve(TRANSFORMER));
    assertRefused(it, "a Flux of other layers, widths or depths");
  }

  /** The fused rows of a single file. */
  @Test
  void aFusedTensorOfAnotherHeightIsNamed() throws IOException {
    Path file =
        RandomCheckpoint.of(DEV)
            .with("model.diffusion_model.single_blocks.0.linear1.weight", 192, 32)
            .write(folder.resolve("it.safetensors"));

    assertRefused(
        file, "model.diffusion_model.single_blocks.0.linear1.weight is F16[192, 32], and should");
  }

  @Test
  void theShiftIsThatOfTheFolder() throws IOException {
    Path it = RandomCheckpoint.writeFolder(DEV, folder.resolve("it"));
    Files.createDirectories(it.resolve("scheduler"));
    Path scheduler = it.resolve("scheduler/scheduler_config.json");

    Files.writeString(
        scheduler,
        "{\"shift\": 3.0, \"use_dynamic_shifting\": true, \"time_shift_type\": \"linear\"}");
    assertRefused(it, "time_shift_type must be exponential");
    Files.writeString(
        scheduler,
        "{\"shift\": 3.0, \"use_dynamic_shifting\": true, \"base_shift\": 0.25,"
            + " \"time_shift_type\": \"exponential\"}");
    assertThat(imported(it).scheduler().flowShift().dynamic())
        .contains(new FlowShift.Dynamic(0.25, 1.15, 256, 4096));
  }

  @Test
  void aShiftThatDoesNotDependOnTheSizeIsOne() throws IOException {
    Path it = RandomCheckpoint.writeFolder(DEV, folder.resolve("it"));
    Files.createDirectories(it.resolve("scheduler"));
    Files.writeString(
        it.resolve("scheduler/scheduler_config.json"),
        "{\"shift\": 2.5, \"use_dynamic_shifting\": false}");

    assertThat(imported(it).scheduler().flowShift()).isEqualTo(FlowShift.of(2.5));
  }

  /** Whose text encoder is like its CLIP. */
  @Test
  void textualInversionsAndLorasOfStableDiffusionAreNotItsOwn() throws IOException {
    Path golden = RandomCheckpoint.templates().resolveSibling("golden");
    for (String file :
        List.of("inversions/tiny-sd1/ink-wash.safetensors", "loras/tiny-sd1/peft.safetensors")) {
      Path made =
          CheckpointImport.run(
              Orders.of(golden.resolve(file), folder.resolve(file.replace('/', '-'))), note -> {});

      JsonNode manifest = new ObjectMapper().readTree(made.resolve("manifest.json").toFile());
      assertThat(manifest.path("families"))
          .isNotEmpty()
          .map(JsonNode::asText)
          .noneMatch(f -> f.contains("flux"));
    }
  }

  private static void assertTransformer(ModelCard model, Golden golden) throws IOException {
    Map<String, DenseTensor> inputs = new HashMap<>();
    inputs.put("sample", golden.floats("transformer.sample"));
    inputs.put("timestep", golden.floats("transformer.timestep"));
    inputs.put("encoder_hidden_states", golden.floats("transformer.context"));
    inputs.put("text_embeds", golden.floats("transformer.pooled"));
    if (golden.has("transformer.guidance")) {
      inputs.put("guidance", golden.floats("transformer.guidance"));
    }
    try (ModelSession network = open(model, model.unet().model())) {
      golden.assertSame("transformer.out_sample", network.run(inputs));
    }
  }

  private static void assertAutoencoder(ModelCard model, Golden golden) throws IOException {
    try (ModelSession encoder = open(model, model.vae().encoder());
        ModelSession decoder = open(model, model.vae().decoder())) {
      golden.assertSame("vae.encoded", encoder.run(Map.of("sample", golden.floats("vae.pixels"))));
      golden.assertSame(
          "vae.sample", decoder.run(Map.of("latent_sample", golden.floats("vae.latent_sample"))));
    }
  }

  private static void assertTextEncoders(ModelCard model, Golden golden) throws IOException {
    long[] text = golden.longs("ids").data();
    TextEncoder clip = model.textEncoders().get(0);
    try (ModelSession session = open(model, clip.model())) {
      // CLIP's graph takes the whole length, and what stands behind a text changes nothing
      golden.assertSame(
          "text_encoder.pooled",
          session.run(
              ids(Arrays.copyOf(text, clip.maxTokens())),
              clip.pooled().orElseThrow().output(),
              new RunStop()));
    }
    TextEncoder t5 = model.textEncoders().get(1);
    try (ModelSession session = open(model, t5.model())) {
      golden.assertSame(
          "text_encoder_2.states",
          session.run(
              ids(Arrays.stream(text).map(id -> id % 32_000).toArray()),
              t5.output(),
              new RunStop()));
    }
  }

  private static Map<String, LongTensor> ids(long[] ids) {
    return Map.of("input_ids", new LongTensor(new long[] {1, ids.length}, ids));
  }

  private void assertRefused(Path checkpoint, String said) {
    assertThatThrownBy(() -> imported(checkpoint))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining(said);
  }

  private ModelCard imported(Path checkpoint) throws IOException {
    ImportOrder order = Orders.of(checkpoint, folder.resolve("models"));
    CheckpointImport.run(order, note -> {});
    Path home = Path.of(System.getProperty("latentline.home"));
    return Catalogue.open(List.of(home.resolve("models/target/catalogue"), order.models()))
        .find(order.name())
        .orElseThrow();
  }

  private static ModelSession open(ModelCard model, String graph) {
    return ModelSession.open(model.file(graph), model.weightsOf(graph), CPU);
  }

  private static Path file(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    return file;
  }
}
