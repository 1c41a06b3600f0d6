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
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stable Diffusion 3 as diffusers writes it, and in the original layout. */
class StableDiffusion3ImportIT {
  private static final SessionSettings CPU = SessionSettings.cpu(1);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"tiny-sd3", "tiny-sd3.5"})
  void theTransformerAgreesWithDiffusers(String family) throws IOException {
    Golden golden = Golden.of(family);

    ModelCard model = imported(RandomCheckpoint.writeFolder(family, folder.resolve("it")));

    assertThat(model.verify()).isEmpty();
    assertThat(model.textEncoders()).hasSize(3);
    assertThat(model.pooledSize()).isEqualTo(40);
    assertThat(model.maxTokens()).isEqualTo(333);
    assertThat(model.vae().shiftFactor()).isEqualTo(0.0609);
    assertThat(model.vae().latentRgb().orElseThrow().factors()).hasSize(16);
    assertTransformer(model, golden);
    if (golden.has("vae.pixels")) {
      try (ModelSession encoder = open(model, model.vae().encoder())) {
        golden.assertSame(
            "vae.encoded", encoder.run(Map.of("sample", golden.floats("vae.pixels"))));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-sd3", "tiny-sd3.5"})
  void aSingleFileGivesWhatDiffusersMakesOfIt(String family) throws IOException {
    Golden golden = Golden.of(family + "-file");

    ModelCard model = imported(RandomCheckpoint.of(family).write(folder.resolve("it.safetensors")));

    assertTransformer(model, golden);
    assertAutoencoder(model, golden);
    for (TextEncoder encoder : model.textEncoders()) {
      String name = encoder.model().split("/")[0];
      long[] text = golden.longs("ids").data();
      int rows = text.length;
      // CLIP's graph takes the whole length, and what stands behind a text changes nothing
      long[] ids =
          name.equals("text_encoder_3")
              ? Arrays.stream(text).map(id -> id % 32_000).toArray()
              : Arrays.copyOf(text, encoder.maxTokens());
      try (ModelSession session = open(model, encoder.model())) {
        Map<String, LongTensor> inputs =
            Map.of("input_ids", new LongTensor(new long[] {1, ids.length}, ids));
        FloatTensor states = session.run(inputs, encoder.output(), new RunStop());
        int width = encoder.hiddenSize();
        golden.assertSame(
            name + ".states",
            new FloatTensor(
                new long[] {1, rows, width}, Arrays.copyOf(states.data(), rows * width)));
        if (encoder.pooled().isPresent()) {
          golden.assertSame(
              name + ".pooled",
              session.run(inputs, encoder.pooled().get().output(), new RunStop()));
        }
      }
    }
  }

  /** A file without text encoders, in a folder with some. */
  @Test
  void filesOfAFolderMayHaveTheOriginalNames() throws IOException {
    Path it = RandomCheckpoint.writeFolder("tiny-sd3.5", folder.resolve("it"));
    Path file =
        RandomCheckpoint.of("tiny-sd3.5")
            .without("text_encoders.")
            .write(it.resolve("transformer/diffusion_pytorch_model.safetensors"));
    delete(it.resolve("vae"));

    assertRefused(file, "it has no text_encoder: lay it into");
    ModelCard model = imported(it, file);

    Golden golden = Golden.of("tiny-sd3.5-file");
    assertTransformer(model, golden);
    assertAutoencoder(model, golden);
    assertThat(model.textEncoders()).hasSize(3);
  }

  @Test
  void itDoesWithoutT5() throws IOException {
    Path it = RandomCheckpoint.writeFolder("tiny-sd3", folder.resolve("it"));
    delete(it.resolve("text_encoder_3"));

    ModelCard model = imported(it);

    assertThat(model.textEncoders()).hasSize(2);
    assertThat(model.maxTokens()).isEqualTo(333);
    assertThat(model.files()).doesNotContainKey("tokenizer_3/tokenizer.json");
    assertThat(model.verify()).isEmpty();
  }

  @Test
  void whatIsMissingIsNamed() throws IOException {
    Path it = RandomCheckpoint.writeFolder("tiny-sd3", folder.resolve("it"));
    RandomCheckpoint.ofParts("tiny-sd3", "text_encoder_3")
        .without("encoder.block.2.layer.1.DenseReluDense.wo")
        .write(it.resolve("text_encoder_3/model.safetensors"));

    assertRefused(
        it, "1 tensors are missing: text_encoder_3/encoder.block.2.layer.1.DenseReluDense.wo");
    delete(it.resolve("text_encoder_3"));
    delete(it.resolve("text_encoder_2"));
    assertRefused(it, "53 tensors are missing: text_encoder_2/");
    delete(it.resolve("vae"));
    assertRefused(it, "it has no autoencoder: name one with --vae");
    RandomCheckpoint.ofParts("tiny-sd3", "transformer")
        .with("pos_embed.pos_embed", 1, 1024, 25)
        .write(it.resolve("transformer/diffusion_pytorch_model.safetensors"));
    assertRefused(it, "it has no autoencoder: name one with --vae");
    RandomCheckpoint.ofParts("tiny-sd3", "transformer")
        .without("transformer_blocks.2.")
        .write(it.resolve("transformer/diffusion_pytorch_model.safetensors"));
    assertRefused(it, "Stable Diffusion 3 of other widths or depths");
  }

  @Test
  void aPredictionIsNotAskedFor() throws IOException {
    Path it = RandomCheckpoint.writeFolder("tiny-sd3", folder.resolve("it"));

    assertThatThrownBy(() -> CheckpointImport.run(order(it, "epsilon"), note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining("flow matching: leave out --prediction");
  }

  @Test
  void aSchedulerThatIsNotCarriedOutIsRefused() throws IOException {
    Path it = RandomCheckpoint.writeFolder("tiny-sd3", folder.resolve("it"));
    Files.createDirectories(it.resolve("scheduler"));
    Path scheduler = it.resolve("scheduler/scheduler_config.json");
    Files.writeString(scheduler, "{\"shift\": 2.5, \"stochastic_sampling\": true}");

    assertRefused(it, "stochastic_sampling is not supported");
    Files.writeString(scheduler, "{\"shift\": 2.5, \"invert_sigmas\": false}");
    assertThat(imported(it).scheduler().flowShift()).isEqualTo(FlowShift.of(2.5));
  }

  /** Text encoders are like XL's, but nothing reads their words yet. */
  @Test
  void textualInversionsAndLorasOfXlAreNotItsOwn() throws IOException {
    Path golden = RandomCheckpoint.templates().resolveSibling("golden");
    for (String file :
        List.of("inversions/tiny-sdxl/ink-wash.safetensors", "loras/tiny-sdxl/peft.safetensors")) {
      Path made =
          CheckpointImport.run(
              Orders.of(golden.resolve(file), folder.resolve(file.replace('/', '-'))), note -> {});

      JsonNode manifest = new ObjectMapper().readTree(made.resolve("manifest.json").toFile());
      assertThat(manifest.path("families")).map(JsonNode::asText).noneMatch(f -> f.contains("-3"));
    }
  }

  private static void assertTransformer(ModelCard model, Golden golden) throws IOException {
    try (ModelSession network = open(model, model.unet().model())) {
      golden.assertSame(
          "transformer.out_sample",
          network.run(
              Map.of(
                  "sample", golden.floats("transformer.sample"),
                  "timestep", golden.floats("transformer.timestep"),
                  "encoder_hidden_states", golden.floats("transformer.context"),
                  "text_embeds", golden.floats("transformer.pooled"))));
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

  private void assertRefused(Path checkpoint, String said) {
    assertThatThrownBy(() -> imported(checkpoint))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining(said);
  }

  private ModelCard imported(Path checkpoint) throws IOException {
    return imported(order(checkpoint, null));
  }

  private ModelCard imported(Path checkpoint, Path vae) throws IOException {
    ImportOrder order = order(checkpoint, null);
    return imported(
        new ImportOrder(
            checkpoint,
            Optional.of(vae),
            Optional.empty(),
            order.name(),
            Optional.empty(),
            Optional.empty(),
            order.templates(),
            order.models(),
            false));
  }

  private static ModelCard imported(ImportOrder order) throws IOException {
    CheckpointImport.run(order, note -> {});
    Path home = Path.of(System.getProperty("latentline.home"));
    return Catalogue.open(List.of(home.resolve("models/target/catalogue"), order.models()))
        .find(order.name())
        .orElseThrow();
  }

  private ImportOrder order(Path checkpoint, String prediction) {
    return Orders.of(checkpoint, folder.resolve("models"), null, prediction);
  }

  private static ModelSession open(ModelCard model, String graph) {
    return ModelSession.open(model.file(graph), model.weightsOf(graph), CPU);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
