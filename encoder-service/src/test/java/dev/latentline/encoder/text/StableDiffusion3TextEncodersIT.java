package dev.latentline.encoder.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.Emphasis;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.TokenIds;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two CLIPs side by side and T5 below them, as diffusers' StableDiffusion3Pipeline has them. */
class StableDiffusion3TextEncodersIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));
  private static final TextOptions OPTIONS = new TextOptions(Emphasis.NONE, 1);
  private static final int CLIP_ROWS = 77;
  private static final int WIDTH = 48;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"prompt", "negative"})
  void aTextHasTheConditioningOfDiffusers(String text) throws IOException {
    try (SafetensorsFile golden = golden();
        ModelTextEncoders encoders = encoders(folder("whole"))) {
      EncodedText encoded =
          encoders.encode(model(), tokens(golden, text, 3), OPTIONS, new RunStop());

      assertThat(encoded.states().shape()).containsExactly(1, CLIP_ROWS + 256, WIDTH);
      assertSame(golden, "context." + text, encoded.states());
      assertThat(encoded.pooled().orElseThrow().shape()).containsExactly(1, 40);
      assertSame(golden, "pooled." + text, encoded.pooled().get());
    }
  }

  /** The network's further rows are zeros then, which are not sent. */
  @Test
  void withoutT5TheRowsOfTheClipsAreTheSame() throws IOException {
    Path without = folder("without");
    Files.delete(without.resolve("text_encoder_3/model.safetensors"));
    try (SafetensorsFile golden = golden();
        ModelTextEncoders encoders = encoders(without)) {
      EncodedText encoded =
          encoders.encode(model(), tokens(golden, "prompt", 2), OPTIONS, new RunStop());

      assertThat(encoded.states().shape()).containsExactly(1, CLIP_ROWS, WIDTH);
      assertSame(
          Arrays.copyOf(floats(golden, "context.prompt"), CLIP_ROWS * WIDTH), encoded.states());
      assertSame(golden, "pooled.prompt", encoded.pooled().orElseThrow());
    }
  }

  private Path folder(String name) throws IOException {
    return RandomCheckpoint.writeFolder("tiny-sd3", folder.resolve(name));
  }

  private ModelTextEncoders encoders(Path checkpoint) throws IOException {
    CheckpointImport.run(
        ImportOrder.of(checkpoint, "it", RandomCheckpoint.allTemplates(), folder.resolve("models")),
        note -> {});
    return new ModelTextEncoders(catalogue(), SessionSettings.cpu(1), 1 << 20, 0);
  }

  private Catalogue catalogue() {
    return Catalogue.open(
        List.of(HOME.resolve("models/target/catalogue"), folder.resolve("models")));
  }

  private TextModel model() {
    String digest = catalogue().find("it").orElseThrow().digest();
    return new TextModel(
        ModelRef.newBuilder().setName("it").setDigest(digest).build(), List.of(), List.of());
  }

  private static SafetensorsFile golden() throws IOException {
    return SafetensorsFile.open(HOME.resolve("parity/golden/tiny-sd3.safetensors"));
  }

  private static List<TokenIds> tokens(SafetensorsFile golden, String text, int encoders)
      throws IOException {
    List<TokenIds> tokens = new ArrayList<>();
    for (int i = 0; i < encoders; i++) {
      ByteBuffer ids = golden.map(golden.find("ids." + i + "." + text).orElseThrow());
      TokenIds.Builder ofOne = TokenIds.newBuilder();
      while (ids.hasRemaining()) {
        ofOne.addIds(ids.getLong());
      }
      tokens.add(ofOne.build());
    }
    return tokens;
  }

  private static float[] floats(SafetensorsFile golden, String name) throws IOException {
    ByteBuffer bytes = golden.map(golden.find(name).orElseThrow());
    float[] values = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  private static void assertSame(SafetensorsFile golden, String name, FloatTensor found)
      throws IOException {
    assertSame(floats(golden, name), found);
  }

  /** Largest difference over largest number. */
  private static void assertSame(float[] wanted, FloatTensor found) {
    assertThat(found.data()).hasSameSizeAs(wanted);
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < wanted.length; i++) {
      difference = Math.max(difference, Math.abs(wanted[i] - found.data()[i]));
      largest = Math.max(largest, Math.abs(wanted[i]));
    }
    assertThat(difference / largest).isLessThan(1e-4);
  }
}
