package dev.latentline.encoder.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.testkit.RandomCheckpoint;
import dev.latentline.testkit.RandomOnnxFolder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures that are masked as a whole, by the autoencoders of imported models. */
class MaskedPicturesIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"sd1-inpainting", "sd2-inpainting", "sdxl-inpainting"})
  void theMaskIsOneAndTheLatentsAreWhatDiffusersMakesOfGrey(String name) throws IOException {
    Path file =
        RandomCheckpoint.templates().resolveSibling("golden/pipelines/" + name + ".safetensors");
    try (SafetensorsFile golden = SafetensorsFile.open(file)) {
      JsonNode request = new ObjectMapper().readTree(golden.metadata().get("request"));
      Catalogue catalogue = imported("tiny-" + name);
      int width = request.path("width").asInt();
      int height = request.path("height").asInt();

      MaskedPictures pictures = new MaskedPictures(catalogue, SessionSettings.cpu(1));
      FloatTensor masked =
          pictures.allMasked(model(catalogue, "it"), width, height, new RunStop()).orElseThrow();

      assertThat(masked.shape()).containsExactly(1, 5, height / 8, width / 8);
      ByteBuffer expected = golden.map(golden.find("masked").orElseThrow());
      assertThat(masked.data()).hasSize(expected.remaining() / Float.BYTES);
      double difference = 0;
      for (float value : masked.data()) {
        difference = Math.max(difference, Math.abs(value - expected.getFloat()));
      }
      // the mask's 1 is the largest number, or near it
      assertThat(difference).isLessThan(1e-4);
      assertThat(pictures.allMasked(model(catalogue, "it"), width, height, new RunStop()))
          .containsSame(masked);
    }
  }

  /** As optimum exports it now; tiny-sdxl's autoencoder was exported so. */
  @Test
  void ofAnAutoencoderThatGivesADistributionTheMeansAreTaken() throws IOException {
    Catalogue catalogue = importedGraphs(4);
    ModelCard card = catalogue.find("it").orElseThrow();
    FloatTensor distribution;
    try (ModelSession encoder =
        ModelSession.open(card.file(card.vae().encoder()), SessionSettings.cpu(1))) {
      assertThat(encoder.outputs()).containsExactly("latent_parameters");
      distribution = encoder.run(Map.of("sample", FloatTensor.zeros(1, 3, 64, 96)));
    }
    assertThat(distribution.shape()).containsExactly(1, 8, 8, 12);

    FloatTensor masked =
        new MaskedPictures(catalogue, SessionSettings.cpu(1))
            .allMasked(model(catalogue, "it"), 96, 64, new RunStop())
            .orElseThrow();

    int plane = 8 * 12;
    assertThat(masked.shape()).containsExactly(1, 5, 8, 12);
    assertThat(masked.data()).hasSize(5 * plane);
    for (int i = 0; i < plane; i++) {
      assertThat(masked.data()[i]).isEqualTo(1);
    }
    for (int i = 0; i < 4 * plane; i++) {
      assertThat(masked.data()[plane + i])
          .isEqualTo((float) ((distribution.data()[i] - 0.5) * 0.25));
    }
  }

  @Test
  void aDistributionOfOtherLatentsThanTheNetworksIsNotUsed() throws IOException {
    Catalogue catalogue = importedGraphs(8);
    MaskedPictures pictures = new MaskedPictures(catalogue, SessionSettings.cpu(1));

    assertThatThrownBy(() -> pictures.allMasked(model(catalogue, "it"), 64, 64, new RunStop()))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("model_unavailable"))
        .hasMessageContaining("8 channels of latent_parameters, not 16");
  }

  /**
   * The graphs of tiny-sdxl, with a manifest that says that its network fills in, and that latents
   * are shifted by a half and scaled by a quarter.
   *
   * @param channels of the network's latents
   */
  private Catalogue importedGraphs(int channels) throws IOException {
    RandomOnnxFolder written = RandomOnnxFolder.of("tiny-sdxl", folder.resolve("onnx"));
    CheckpointImport.run(
        ImportOrder.of(
            written.path(), "it", RandomCheckpoint.allTemplates(), folder.resolve("models")),
        note -> {});
    Path file = folder.resolve("models/it/manifest.json");
    ObjectMapper json = new ObjectMapper();
    ObjectNode manifest = (ObjectNode) json.readTree(file.toFile());
    manifest.withObject("/unet").put("inpainting", true).put("latent_channels", channels);
    ObjectNode vae = manifest.withObject("/vae").put("scaling_factor", 0.25);
    vae.put("shift_factor", 0.5).remove(List.of("latent_rgb_factors", "latent_rgb_bias"));
    json.writeValue(file.toFile(), manifest);
    return catalogue();
  }

  @Test
  void onlyNetworksThatFillInSeeOne() throws IOException {
    Catalogue catalogue = imported("tiny-sd1-inpainting");
    MaskedPictures pictures = new MaskedPictures(catalogue, SessionSettings.cpu(1));
    ModelRef starter = model(catalogue, "starter");

    assertThat(pictures.allMasked(starter, 128, 128, new RunStop())).isEmpty();
    assertThatThrownBy(() -> pictures.allMasked(model(catalogue, "it"), 72, 64, new RunStop()))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unsupported_request"));
  }

  @Test
  void anAutoencoderThatWasAlteredIsNotUsed() throws IOException {
    Catalogue catalogue = imported("tiny-sd1-inpainting");
    Path weights = folder.resolve("models/it/vae_encoder/weights.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 1] ^= 1;
    Files.write(weights, bytes);
    MaskedPictures pictures = new MaskedPictures(catalogue, SessionSettings.cpu(1));

    assertThatThrownBy(() -> pictures.allMasked(model(catalogue, "it"), 64, 64, new RunStop()))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("model_unavailable"));
  }

  private static ModelRef model(Catalogue catalogue, String name) {
    return ModelRef.newBuilder()
        .setName(name)
        .setDigest(catalogue.find(name).orElseThrow().digest())
        .build();
  }

  private Catalogue imported(String family) throws IOException {
    CheckpointImport.run(
        ImportOrder.of(
            RandomCheckpoint.of(family).write(folder.resolve("it.safetensors")),
            "it",
            RandomCheckpoint.allTemplates(),
            folder.resolve("models")),
        note -> {});
    return catalogue();
  }

  private Catalogue catalogue() {
    return Catalogue.open(
        List.of(HOME.resolve("models/target/catalogue"), folder.resolve("models")));
  }
}
