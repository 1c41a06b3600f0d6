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
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.TokenIds;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** T5's states, and of CLIP the pooled text alone, as diffusers' FluxPipeline has them. */
class FluxTextEncodersIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));
  private static final TextOptions OPTIONS = new TextOptions(Emphasis.NONE, 1);
  private static final int WIDTH = 48;
  private static final int POOLED = 16;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"tiny-flux-dev, 512", "tiny-flux-schnell, 256"})
  void aTextHasTheConditioningOfDiffusers(String family, int rows) throws IOException {
    Path checkpoint = RandomCheckpoint.writeFolder(family, folder.resolve("checkpoint"));
    try (SafetensorsFile golden = golden(family);
        ModelTextEncoders encoders = encoders(checkpoint)) {
      EncodedText encoded = encoders.encode(model(), tokens(golden), OPTIONS, new RunStop());

      assertThat(encoded.states().shape()).containsExactly(1, rows, WIDTH);
      assertSame(floats(golden, "context.prompt"), encoded.states());
      assertThat(encoded.pooled().orElseThrow().shape()).containsExactly(1, POOLED);
      assertSame(floats(golden, "pooled.prompt"), encoded.pooled().get());
    }
  }

  @Test
  void aLoraOfClipChangesThePooledTextAlone() throws IOException {
    Path lora = HOME.resolve("parity/golden/loras/tiny-flux-dev/kohya.safetensors");
    CheckpointImport.run(
        ImportOrder.of(lora, "ink", RandomCheckpoint.allTemplates(), folder.resolve("models")),
        note -> {});
    Path checkpoint = RandomCheckpoint.writeFolder("tiny-flux-dev", folder.resolve("checkpoint"));
    try (SafetensorsFile golden = golden("tiny-flux-dev");
        ModelTextEncoders encoders = encoders(checkpoint)) {
      EncodedText plain = encoders.encode(model(), tokens(golden), OPTIONS, new RunStop());

      EncodedText changed = encoders.encode(model("ink"), tokens(golden), OPTIONS, new RunStop());

      assertThat(changed.states().data()).isEqualTo(plain.states().data());
      assertThat(changed.pooled().orElseThrow().data())
          .isNotEqualTo(plain.pooled().orElseThrow().data());
    }
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

  private TextModel model(String... loras) {
    Catalogue catalogue = catalogue();
    List<Lora> pinned = new ArrayList<>();
    for (String lora : loras) {
      String digest = catalogue.findLora(lora).orElseThrow().digest();
      pinned.add(Lora.newBuilder().setLora(ref(lora, digest)).setWeight(1).build());
    }
    String digest = catalogue.find("it").orElseThrow().digest();
    return new TextModel(ref("it", digest), pinned, List.of());
  }

  private static ModelRef ref(String name, String digest) {
    return ModelRef.newBuilder().setName(name).setDigest(digest).build();
  }

  private static SafetensorsFile golden(String family) throws IOException {
    return SafetensorsFile.open(HOME.resolve("parity/golden/" + family + ".safetensors"));
  }

  private static List<TokenIds> tokens(SafetensorsFile golden) throws IOException {
    List<TokenIds> tokens = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      ByteBuffer ids = golden.map(golden.find("ids." + i + ".prompt").orElseThrow());
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
