package dev.latentline.encoder.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    return Catalogue.open(
        List.of(HOME.resolve("models/target/catalogue"), folder.resolve("models")));
  }
}
