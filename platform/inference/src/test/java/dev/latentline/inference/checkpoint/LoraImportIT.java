package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.inference.safetensors.SafetensorsWriter;
import dev.latentline.inference.safetensors.StoredType;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is a LoRA, and what is none that can be used. */
class LoraImportIT {
  private static final String QUERY =
      "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q";

  private static final String KEY = QUERY.replace("to_q", "to_k");

  @TempDir Path folder;

  @Test
  void aLoraIsKnownByItsTensorsAndSaysItsFamilies() throws IOException {
    List<String> notes = new ArrayList<>();
    Path file = file(QUERY + ".lora_down.weight 2 24", QUERY + ".lora_up.weight 24 2");

    Path made = CheckpointImport.run(order(file), notes::add);

    assertThat(made).isEqualTo(folder.resolve("models/loras/ink"));
    // this layer has the same shape in both
    assertThat(Files.readString(made.resolve("manifest.json")))
        .contains("stable-diffusion-1-tiny", "stable-diffusion-2-tiny", "lora.safetensors");
    byte[] first = Files.readAllBytes(made.resolve("manifest.json"));
    assertRefused(file, "there is a LoRA ink already");
    Path again = folder.resolve("again");
    assertThat(CheckpointImport.run(order(file, again), note -> {}).resolve("manifest.json"))
        .hasBinaryContent(first);
  }

  @Test
  void theLayerThatNothingReadsIsLeftOut() throws IOException {
    String xl = "lora_unet_middle_block_1_transformer_blocks_0_attn2_to_k";
    String layer = "lora_te1_text_model_encoder_layers_%d_mlp_fc1";
    List<String> notes = new ArrayList<>();
    Path file =
        file(
            layer.formatted(1) + ".lora_down.weight 2 16",
            layer.formatted(1) + ".lora_up.weight 32 2",
            // XL reads the states before its first text encoder's last layer
            layer.formatted(2) + ".lora_down.weight 2 16",
            layer.formatted(2) + ".lora_up.weight 32 2",
            xl + ".lora_down.weight 2 40",
            xl + ".lora_up.weight 24 2");

    CheckpointImport.run(order(file), notes::add);

    assertThat(notes).anyMatch(note -> note.startsWith("1 layers are left out"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lora_unet_mid_block_x.hada_w1_a 2 24            | hada_w1_a is of LoHa",
        "lora_unet_mid_block_x.lokr_w1 2 24              | lokr_w1 is of LoKr",
        "lora_unet_mid_block_x.dora_scale 24             | dora_scale is of DoRA",
        "unet.mid_block.x.lora_magnitude_vector 24       | lora_magnitude_vector is of DoRA",
        "lora_unet_mid_block_x.oft_blocks 2 2 2          | oft_blocks is of OFT",
        "lora_unet_mid_block_x.diff 24 24                | diff is of a full difference",
        "unet.mid_block.x.lora_B.bias 24                 | lora_B.bias is of a LoRA with biases",
        "something.else 1                                | something.else is of no kind",
        "lora_unet_mid_block_y.lora_down.weight 2 24     | lora_down.weight has no up beside it",
        "lora_unet_mid_block_y.alpha 1                   | mid_block_y.alpha has no down beside it",
      })
  void whatCannotBeAppliedIsNamed(String tensor, String said) throws IOException {
    Path file = file(QUERY + ".lora_down.weight 2 24", QUERY + ".lora_up.weight 24 2", tensor);

    assertRefused(file, said.strip());
  }

  @Test
  void whatDoesNotFitTheFamilyIsNamed() throws IOException {
    assertRefused(
        file(
            QUERY + ".lora_down.weight 2 25",
            QUERY + ".lora_up.weight 24 2",
            KEY + ".lora_down.weight 2 24",
            KEY + ".lora_up.weight 24 2"),
        QUERY + ".lora_down.weight is [2, 25], up [24, 2], which do not make [24, 24]");
    assertRefused(
        file(
            QUERY + ".lora_down.weight 2 24",
            QUERY + ".lora_up.weight 24 3",
            KEY + ".lora_down.weight 2 24",
            KEY + ".lora_up.weight 24 2"),
        "up [24, 3], which do not make [24, 24]");
    assertRefused(
        file(
            QUERY + ".lora_down.weight 2 24",
            QUERY + ".lora_up.weight 24 2",
            "lora_unet_mid_block_attentions_7_proj_in.lora_down.weight 2 24",
            "lora_unet_mid_block_attentions_7_proj_in.lora_up.weight 24 2"),
        "1 tensors belong to no layer of it: lora_unet_mid_block_attentions_7_proj_in.lora_down");
    assertRefused(
        file(
            "lora_unet_blocks_0_cross_attn_q.lora_down.weight 2 24",
            "lora_unet_blocks_0_cross_attn_q.lora_up.weight 24 2"),
        "is a LoRA of no family that is known here");
  }

  @Test
  void aLoraOfATransformerSaysItsFamily() throws IOException {
    String layer = "transformer.single_transformer_blocks.2.proj_mlp";
    Path file = file(layer + ".lora_A.weight 2 32", layer + ".lora_B.weight 128 2");

    Path made = CheckpointImport.run(order(file), note -> {});

    JsonNode manifest = new ObjectMapper().readTree(made.resolve("manifest.json").toFile());
    assertThat(manifest.path("families")).map(JsonNode::asText).containsExactly("flux-1-tiny");
    assertThat(manifest.path("parts")).map(JsonNode::asText).containsExactly("transformer");
  }

  /** CLIP is a part of Stable Diffusion 3 and FLUX.1, too. */
  @Test
  void aLoraOfATextEncoderAloneIsOfUNetsFamilies() throws IOException {
    String layer = "lora_te1_text_model_encoder_layers_0_mlp_fc1";
    Path file = file(layer + ".lora_down.weight 2 16", layer + ".lora_up.weight 32 2");

    Path made = CheckpointImport.run(order(file), note -> {});

    assertThat(Files.readString(made.resolve("manifest.json")))
        .contains("stable-diffusion-xl-tiny")
        .doesNotContain("flux", "stable-diffusion-3");
  }

  @Test
  void whatDoesNotFitATransformerIsNamed() throws IOException {
    String fused = "lora_unet_single_blocks_1_linear1";
    String layer = "lora_unet_single_blocks_1_linear2";
    assertRefused(
        file(
            layer + ".lora_down.weight 2 160",
            layer + ".lora_up.weight 32 2",
            fused + ".lora_down.weight 2 32",
            fused + ".lora_up.weight 128 2"),
        "1 do not fit: "
            + fused
            + ".lora_down.weight is [2, 32], up [128, 2], which do not make [224, 32]");
    String third = "lora_unet_single_blocks_3_linear2";
    assertRefused(
        file(
            layer + ".lora_down.weight 2 160",
            layer + ".lora_up.weight 32 2",
            third + ".lora_down.weight 2 160",
            third + ".lora_up.weight 32 2"),
        "FLUX.1 dev with the widths of a test, but 1 tensors belong to no layer of it: " + third);
    String split = "transformer.single_transformer_blocks.1.attn.to_k";
    assertRefused(
        file(
            fused + ".lora_down.weight 2 32",
            fused + ".lora_up.weight 224 2",
            split + ".lora_A.weight 2 32",
            split + ".lora_B.weight 32 2"),
        "is the second for single_transformer_blocks.1.attn.to_k.weight");
    String t5 = "lora_te3_encoder_block_0_layer_0_SelfAttention_q";
    assertRefused(
        file(
            layer + ".lora_down.weight 2 160",
            layer + ".lora_up.weight 32 2",
            t5 + ".lora_down.weight 2 48",
            t5 + ".lora_up.weight 32 2"),
        t5 + ".lora_down.weight is of a LoRA of T5");
    assertRefused(
        file(
            "double_blocks.0.processor.qkv_lora1.down.weight 2 32",
            "double_blocks.0.processor.qkv_lora1.up.weight 96 2"),
        "double_blocks.0.processor.qkv_lora1.down.weight is of no kind that is known in a LoRA");
  }

  /** Each tensor as its name and its shape. */
  private Path file(String... tensors) throws IOException {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    for (String tensor : tensors) {
      String[] parts = tensor.strip().split(" +");
      List<Long> shape = Arrays.stream(parts).skip(1).map(Long::valueOf).toList();
      entries.add(new SafetensorsWriter.Entry(parts[0], StoredType.F16, shape));
    }
    Path file = folder.resolve("a.safetensors");
    try (OutputStream out = Files.newOutputStream(file)) {
      SafetensorsWriter.write(out, entries, e -> ByteBuffer.allocate((int) e.bytes()));
    }
    return file;
  }

  private ImportOrder order(Path file) {
    return order(file, folder.resolve("models"));
  }

  private static ImportOrder order(Path file, Path models) {
    return ImportOrder.of(file, "ink", Orders.TEMPLATES, models);
  }

  private void assertRefused(Path file, String said) {
    assertThatThrownBy(() -> CheckpointImport.run(order(file), note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining(said);
    assertThat(folder.resolve("models/loras/.importing")).doesNotExist();
  }
}
