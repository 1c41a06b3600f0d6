package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What docs/models.md says is refused, as far as no other test is about it. */
class RefusalsIT {
  @TempDir Path folder;

  @Test
  void weightsOfEightBits() throws IOException {
    String tensor = "model.diffusion_model.out.0.bias";
    Path file = RandomCheckpoint.of("tiny-sd1").write(folder.resolve("it.safetensors"));
    byte[] bytes = Files.readAllBytes(file);
    long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    int data = Math.toIntExact(Long.BYTES + length);
    ObjectNode header =
        (ObjectNode) new ObjectMapper().readTree(bytes, Long.BYTES, Math.toIntExact(length));
    ObjectNode stated = (ObjectNode) header.get(tensor);
    // as many bytes as before
    int elements = 2 * stated.at("/shape/0").asInt();
    stated.put("dtype", "F8_E4M3").putArray("shape").add(elements);
    byte[] changed = new ObjectMapper().writeValueAsBytes(header);
    ByteBuffer all =
        ByteBuffer.allocate(Long.BYTES + changed.length + bytes.length - data)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(changed.length)
            .put(changed)
            .put(bytes, data, bytes.length - data);
    Files.write(file, all.array());

    assertRefused(file, tensor + " is F8_E4M3[" + elements + "], and should be F32, F16 or BF16");
  }

  /** As FLUX.1's transformer is often published. */
  @Test
  void aWholeNetworkOfEightBits() throws IOException {
    Path file =
        RandomCheckpoint.of("tiny-flux-dev")
            .without("text_encoders.")
            .without("vae.")
            .write(folder.resolve("it.safetensors"));
    byte[] bytes = Files.readAllBytes(file);
    long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    ObjectNode header =
        (ObjectNode) new ObjectMapper().readTree(bytes, Long.BYTES, Math.toIntExact(length));
    header.forEach(
        tensor -> {
          // half as many bytes as of 16 bits
          long from = tensor.at("/data_offsets/0").asLong() / 2;
          long to = tensor.at("/data_offsets/1").asLong() / 2;
          ((ObjectNode) tensor).put("dtype", "F8_E4M3").putArray("data_offsets").add(from).add(to);
        });
    byte[] changed = new ObjectMapper().writeValueAsBytes(header);
    int data = (bytes.length - Math.toIntExact(Long.BYTES + length)) / 2;
    Files.write(
        file,
        ByteBuffer.allocate(Long.BYTES + changed.length + data)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(changed.length)
            .put(changed)
            .array());

    assertRefused(file, "it.safetensors looks like FLUX.1 dev");
    assertRefused(file, "126 do not fit: ");
    assertRefused(file, "is F8_E4M3[64], and should be F32, F16 or BF16");
  }

  @Test
  void aRefinerOfXlThatLacksSomething() throws IOException {
    RandomCheckpoint refiner = RandomCheckpoint.of("tiny-sdxl-refiner");
    Path blind = refiner.without("first_stage_model.").write(folder.resolve("blind.safetensors"));
    Path mute =
        refiner.without("conditioner.embedders.0.").write(folder.resolve("mute.safetensors"));

    assertRefused(blind, "XL refiner with the widths of a test, but it has no autoencoder");
    assertRefused(mute, "tensors are missing: text_encoder_2/conditioner.embedders.0.");
  }

  @Test
  void aRefinerAsOnnxGraphs() throws IOException {
    Path it = folder.resolve("it");
    for (String part : List.of("unet", "text_encoder_2", "vae_decoder", "vae_encoder")) {
      Files.createDirectories(it.resolve(part));
    }
    Files.write(it.resolve("unet/model.onnx"), new byte[] {8, 7});

    assertRefused(it, "it has ONNX graphs, but lacks text_encoder/model.onnx");
  }

  @Test
  void aControlNet() throws IOException {
    Path file =
        RandomCheckpoint.of("tiny-sd1")
            .without("first_stage_model.")
            .renamed("model\\.diffusion_model\\.", "control_model.")
            .write(folder.resolve("it.safetensors"));

    assertRefused(file, "is a ControlNet");
  }

  @Test
  void whatIsOfNoFamily() throws IOException {
    assertRefused(
        only("encoder_of_mine.weight", "decoder_of_mine.weight"),
        "is of no family that is known here (FLUX.1 dev, FLUX.1 schnell, Stable Diffusion 1.x, ");
  }

  /** Matrices of these names. */
  private Path only(String... names) throws IOException {
    RandomCheckpoint checkpoint = RandomCheckpoint.of("tiny-sd1").without("");
    for (String name : names) {
      checkpoint = checkpoint.with(name, 4, 4);
    }
    return checkpoint.write(folder.resolve("it.safetensors"));
  }

  @Test
  void anotherFileThanTheOneThatWasAskedFor() throws IOException {
    Path file = only("a.weight", "b.weight");

    assertThatThrownBy(
            () ->
                CheckpointImport.run(
                    Orders.of(file, folder.resolve("models"), "0".repeat(64), null), note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining("it.safetensors is not the file that was asked for");
  }

  @ParameterizedTest
  @CsvSource({
    "../elsewhere.safetensors, ../elsewhere.safetensors",
    "/, /",
    "a\\u0000b, a b",
    "\\u001b[2J, [2J"
  })
  void shardsOutsideTheirFolder(String named, String said) throws IOException {
    Path unet = Files.createDirectories(folder.resolve("model/unet"));
    Files.copy(only("a.weight", "b.weight"), folder.resolve("model/elsewhere.safetensors"));
    Files.writeString(
        unet.resolve("diffusion_pytorch_model.safetensors.index.json"),
        "{\"weight_map\": {\"a.weight\": \"" + named + "\"}}");

    assertRefused(folder.resolve("model"), "names " + said + ", which is no file beside it");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[1]", "", "{", "null", "\"a\""})
  void aConfigurationThatIsNoObject(String written) throws IOException {
    Path model = model();
    Files.writeString(model.resolve("scheduler/scheduler_config.json"), written);

    assertRefused(model, "scheduler_config.json holds no JSON object");
  }

  /** Whoever made the file chose them. */
  @Test
  void namesWithoutEndAreNotShownWhole() throws IOException {
    String name = "lora_unet_" + "x".repeat(900);
    for (String suffix : List.of(".hada_w1", ".lora_down.weight")) {
      Path file = only(name + suffix);

      assertThatThrownBy(
              () -> CheckpointImport.run(Orders.of(file, folder.resolve("models")), note -> {}))
          .isInstanceOf(RefusedCheckpointException.class)
          .hasMessageContaining("lora_unet_xxx")
          .satisfies(refused -> assertThat(refused.getMessage()).hasSizeLessThan(500));
    }
  }

  @Test
  void aConfigurationThatIsTooLongForOne() throws IOException {
    Path model = model();
    Files.writeString(
        model.resolve("scheduler/scheduler_config.json"), "{" + " ".repeat(5_000_000) + "}");

    assertRefused(model, "scheduler_config.json is too long for what it is");
  }

  /** A whole one, but for its scheduler. */
  private Path model() throws IOException {
    Path model = folder.resolve("model");
    Files.createDirectories(model.resolve("scheduler"));
    String[][] parts = {
      {"unet", "unet"}, {"text_encoder", "text_encoder"}, {"vae", "vae_decoder", "vae_encoder"}
    };
    for (String[] part : parts) {
      Path weights = Files.createDirectories(model.resolve(part[0])).resolve("model.safetensors");
      RandomCheckpoint.ofParts("tiny-sd1", Arrays.copyOfRange(part, 1, part.length)).write(weights);
    }
    return model;
  }

  private void assertRefused(Path checkpoint, String said) {
    Path models = folder.resolve("models");
    assertThatThrownBy(() -> CheckpointImport.run(Orders.of(checkpoint, models), note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining(said);
    if (Files.exists(models)) {
      assertThat(models).isEmptyDirectory();
    }
  }
}
