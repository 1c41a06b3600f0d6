package dev.latentline.decoder.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Latents with FLUX.1's scale and shift become the picture that diffusers makes of them. */
class FluxPictureIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));

  @ParameterizedTest
  @ValueSource(strings = {"tiny-flux-dev", "tiny-flux-schnell"})
  void thePictureIsThatOfDiffusers(String family, @TempDir Path folder) throws IOException {
    CheckpointImport.run(
        ImportOrder.of(
            RandomCheckpoint.writeFolder(family, folder.resolve("checkpoint")),
            "it",
            RandomCheckpoint.allTemplates(),
            folder.resolve("models")),
        note -> {});
    Catalogue catalogue =
        Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), folder.resolve("models")));
    ModelCard card = catalogue.find("it").orElseThrow();
    try (SafetensorsFile golden =
            SafetensorsFile.open(HOME.resolve("parity/golden/" + family + ".safetensors"));
        LatentDecoders decoders =
            new LatentDecoders(catalogue, SessionSettings.cpu(1), Long.MAX_VALUE, 16_384, 64)) {
      ByteBuffer bytes = golden.map(golden.find("latents.3").orElseThrow());
      float[] latents = new float[bytes.remaining() / Float.BYTES];
      bytes.asFloatBuffer().get(latents);
      GenerationRequest request =
          GenerationRequest.newBuilder()
              .setModel(ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()))
              .setWidth(96)
              .setHeight(64)
              .build();

      Pixels pixels =
          decoders.decode(
              request, new FloatTensor(new long[] {1, 16, 8, 12}, latents), new RunStop());

      ByteBuffer wanted = golden.map(golden.find("picture").orElseThrow());
      assertThat(pixels.rgb()).hasSize(wanted.remaining());
      int same = 0;
      int largest = 0;
      for (byte value : pixels.rgb()) {
        int difference = Math.abs((value & 0xff) - (wanted.get() & 0xff));
        largest = Math.max(largest, difference);
        same += difference == 0 ? 1 : 0;
      }
      assertThat(same).isGreaterThanOrEqualTo((int) (0.999 * pixels.rgb().length));
      assertThat(largest).isLessThanOrEqualTo(1);
    }
  }
}
