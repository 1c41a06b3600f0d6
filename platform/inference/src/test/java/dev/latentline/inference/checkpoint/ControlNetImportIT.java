package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Imported ControlNets compute what diffusers computes with the same file, and imported U-Nets what
 * diffusers' makes with their residuals; what is none of them is refused.
 */
class ControlNetImportIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));
  private static final SessionSettings CPU = SessionSettings.cpu(1);
  private static final String OF_SD1 = "controlnets/tiny-sd1";
  private static final String OF_XL = "controlnets/tiny-sdxl";
  private static final String PART = "controlnet";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "tiny-sd1, original",
    "tiny-sd1, bare",
    "tiny-sd1, diffusers",
    "tiny-sd2, original",
    "tiny-sd2, bare",
    "tiny-sd2, diffusers",
    "tiny-sdxl, original",
    "tiny-sdxl, bare",
    "tiny-sdxl, diffusers",
    "tiny-sdxl-mid, original",
    "tiny-sdxl-mid, bare",
    "tiny-sdxl-mid, diffusers"
  })
  void itsResidualsAndWhatTheUNetMakesOfThemAreThoseOfDiffusers(String name, String layout)
      throws IOException {
    Golden golden = Golden.of("controlnets/" + name);
    Path file = in(layout, "controlnets/" + name).write(file());
    String sha256 = golden.file().metadata().get(layout + "_sha256");

    imported(Orders.of(file, models(), sha256, null));

    CheckpointImport.run(
        Orders.of(
            RandomCheckpoint.of(name.replace("-mid", ""))
                .write(folder.resolve("model.safetensors")),
            models(),
            null,
            "epsilon"),
        note -> {});
    Catalogue catalogue = catalogue();
    ModelCard model = catalogue.find("my-model").orElseThrow();
    assertThat(catalogue.controlNetsOf(model)).hasSize(1);
    ControlNetCard card = catalogue.controlNetsOf(model).get(0);
    assertThat(card.verify()).isEmpty();

    Map<String, FloatTensor> residuals = residuals(card, golden, layout);

    for (Map.Entry<String, FloatTensor> residual : residuals.entrySet()) {
      assertThat(residual.getValue().shape())
          .isEqualTo(golden.floats(layout + "." + residual.getKey()).shape());
      golden.assertSame(layout + "." + residual.getKey(), residual.getValue());
    }
    String graph = model.unet().controlled().orElseThrow();
    Map<String, DenseTensor> inputs = denoising(golden);
    residuals.forEach((output, tensor) -> inputs.put(asInput(output), tensor));
    try (ModelSession network = ModelSession.open(model.file(graph), model.weightsOf(graph), CPU)) {
      golden.assertSame(layout + ".out_sample", network.run(inputs));
    }
  }

  private static Map<String, FloatTensor> residuals(
      ControlNetCard card, Golden golden, String layout) throws IOException {
    Map<String, DenseTensor> inputs = denoising(golden);
    // one picture for all rows, or one for each
    inputs.put("controlnet_cond", picture(golden, layout.equals("bare") ? "pictures" : "picture"));
    inputs.put("conditioning_scale", golden.floats("scale"));
    try (ModelSession session = ModelSession.open(card.graph(), card.weights(), CPU)) {
      return session.run(inputs, session.outputs(), new RunStop());
    }
  }

  private static Map<String, DenseTensor> denoising(Golden golden) throws IOException {
    Map<String, DenseTensor> inputs = new HashMap<>();
    inputs.put("sample", golden.floats("sample"));
    inputs.put("timestep", golden.floats("timestep"));
    inputs.put("encoder_hidden_states", golden.floats("context"));
    for (String added : List.of("text_embeds", "time_ids")) {
      if (golden.has(added)) {
        inputs.put(added, golden.floats(added));
      }
    }
    return inputs;
  }

  /** RGB in 0..1. */
  private static FloatTensor picture(Golden golden, String name) throws IOException {
    FloatTensor bytes = golden.bytes(name);
    float[] values = new float[bytes.data().length];
    for (int i = 0; i < values.length; i++) {
      values[i] = bytes.data()[i] / 255;
    }
    return new FloatTensor(bytes.shape(), values);
  }

  private static String asInput(String output) {
    return output
        .replace("down_block_res_samples_", Residuals.DOWN)
        .replace("mid_block_res_sample", Residuals.MID);
  }

  @Test
  void ofAFolderOfDiffusersTheConfigurationIsHeldAgainstWhatIsComputed() throws IOException {
    Path made = folder("diffusion_pytorch_model.safetensors");

    for (String[] setting :
        new String[][] {
          {"controlnet_conditioning_channel_order", "\"bgr\""},
          {"global_pool_conditions", "true"},
          {"class_embed_type", "\"projection\""},
          {"attention_head_dim", "4"},
          {"attention_head_dim", "[2, 2, 4, 2]"},
          {"layers_per_block", "3"},
          {"setting_of_mine", "3"}
        }) {
      write(made, setting[0], setting[1]);
      assertRefused(
          made,
          "controlled has "
              + setting[0]
              + " "
              + setting[1].replace(" ", "")
              + " in its config.json, and what is computed of a ControlNet of");
    }
    assertThat(models()).doesNotExist();
    for (String setting : List.of("sample_size", "dropout", "mid_block_scale_factor")) {
      write(made, setting, "1.0");
      assertThat(imported(Orders.of(made, folder.resolve(setting))).name()).isEqualTo("my-model");
    }
    write(made, "attention_head_dim", "[2, 2, 2, 2]");
    assertThat(imported(Orders.of(made, models())).families())
        .containsExactly("stable-diffusion-1-tiny");
  }

  @ParameterizedTest
  @CsvSource({"FluxControlNetModel", "ControlNetUnionModel", "SparseControlNetModel"})
  void otherClassesOfDiffusersAreNamed(String named) throws IOException {
    Path made = folder("diffusion_pytorch_model.fp16.safetensors");
    write(made, "_class_name", "\"" + named + "\"");

    assertRefused(made, "controlled is of diffusers' class " + named + ", and not of Control");
  }

  @Test
  void aFolderWithoutWeightsIsNone() throws IOException {
    Path made = folder("diffusion_pytorch_model.safetensors");
    Files.delete(made.resolve("diffusion_pytorch_model.safetensors"));

    assertRefused(made, "the folder controlled has a config.json and no .safetensors weights");
  }

  /** As the first files were published: beside the model that they were trained with. */
  @Test
  void theModelBesideItIsLeftOut() throws IOException {
    RandomCheckpoint both =
        RandomCheckpoint.of(OF_SD1)
            .with("model.diffusion_model.input_blocks.0.0.weight", 8, 4, 3, 3)
            .with("first_stage_model.quant_conv.weight", 8, 8, 1, 1)
            .with("betas", 1000);

    ControlNetCard card = imported(Orders.of(both.write(file()), models()));

    ControlNetCard alone =
        imported(Orders.of(RandomCheckpoint.of(OF_SD1).write(file()), folder.resolve("elsewhere")));
    assertThat(card.digest()).isEqualTo(alone.digest());
  }

  @Test
  void theSameFileHasTheSameDigestAndTakesThePlaceOfAnother() throws IOException {
    Path file = own(OF_SD1).write(file());
    String digest = imported(Orders.of(file, models())).digest();

    assertRefused(file, "there is a ControlNet my-model already");
    ControlNetCard other =
        imported(replacing(own(OF_XL).write(folder.resolve("other.safetensors"))));

    assertThat(other.families()).containsExactly("stable-diffusion-xl-tiny");
    assertThat(other.description())
        .isEqualTo(
            "ControlNet of Stable Diffusion XL, of a test's widths, imported from"
                + " other.safetensors");
    assertThat(imported(Orders.of(file, folder.resolve("elsewhere"))).digest()).isEqualTo(digest);
  }

  @Test
  void whatIsMissingOrOfAnotherShapeIsNamedInTheLayoutOfTheFile() throws IOException {
    assertRefused(
        own(OF_SD1).without("controlnet_mid_block.").write(file()),
        "it.safetensors looks like a ControlNet of Stable Diffusion 1.x, of a test's widths, but 2"
            + " tensors are missing: controlnet/controlnet_mid_block.bias, controlnet/controlnet_m");
    assertRefused(
        RandomCheckpoint.of(OF_SD1).without("control_model.input_hint_block.14.").write(file()),
        "2 tensors are missing: controlnet/control_model.input_hint_block.14.bias, controlnet/c");
    assertRefused(
        bare(OF_SD1).without("zero_convs.3.0.weight").write(file()),
        "1 tensors are missing: controlnet/zero_convs.3.0.weight");
    assertRefused(
        own(OF_SD1).with("controlnet_cond_embedding.conv_in.weight", 4, 4, 3, 3).write(file()),
        "1 do not fit: controlnet_cond_embedding.conv_in.weight is F16[4, 4, 3, 3], and should give"
            + " [4, 3, 3, 3]");
    // and not as one of a smaller size with something more
    assertRefused(
        own(OF_XL).without("down_blocks.1.attentions.0.transformer_blocks.1.norm3.").write(file()),
        "looks like a ControlNet of Stable Diffusion XL, of a test's widths, but 2 tensors are miss");
    assertRefused(
        own(OF_SD1).without("down_blocks.").write(file()),
        "it.safetensors is a ControlNet of a U-Net that there is no graph template for (ControlNet"
            + " of Stable Diffusion 1.x; ");
  }

  @Test
  void layersThatNoGraphComputesAreNamed() throws IOException {
    assertRefused(
        own(OF_SD1).with("down_blocks.0.motion_modules.0.norm.weight", 8).write(file()),
        "and more that it does not have: down_blocks.0.motion_modules.0.norm.weight");
    assertRefused(
        RandomCheckpoint.of(OF_SD1).with("control_model.label_emb.0.0.bias", 8).write(file()),
        "and more that it does not have: control_model.label_emb.0.0.bias");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lora_controlnet            | is a Control-LoRA, which is a difference to",
        "difference                 | is a ControlNet as a difference to the U-Net of one model",
        "task_embedding             | is a union ControlNet, which is told",
        "control_add_embedding.linear_1.weight | is a union ControlNet, which is told"
      })
  void kindsThatNeedMoreAreRefused(String tensor, String said) throws IOException {
    assertRefused(bare(OF_SD1).with(tensor, 8, 4).write(file()), said);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "adapter.body.0.resnets.0.block1.weight adapter.conv_in.bias | a T2I-Adapter",
        "body.0.block1.weight conv_in.weight                         | a T2I-Adapter",
        "lllite_unet_x.conditioning1.0.bias lllite_unet_x.up.0.weight | a ControlNet-LLLite",
        "controlnet_blocks.0.weight transformer_blocks.0.ff.net.2.bias | a ControlNet of a transf",
        "input_hint_block.0.weight double_blocks.0.img_attn.qkv.bias | a ControlNet of a transf",
        "down_blocks.0.ctrl_to_base.0.weight mid_block.x.bias        | a kind that is not known"
      })
  void whatSteersInOtherWaysIsRefusedByName(String tensors, String said) throws IOException {
    RandomCheckpoint checkpoint = RandomCheckpoint.of(OF_SD1).without("");
    for (String tensor : tensors.split(" ")) {
      checkpoint = checkpoint.with(tensor, 4, 4);
    }

    assertRefused(checkpoint.write(file()), said);
  }

  /** No tensor tells; others go by the name as well. */
  @Test
  void aFileThatIsCalledShuffleIsRefusedUnlessItsConfigurationSaysOtherwise() throws IOException {
    Path file = own(OF_SD1).write(folder.resolve("control_v11e_sd15_Shuffle.safetensors"));

    assertRefused(file, "Shuffle.safetensors is by its name a ControlNet that averages");

    Path made = folder("diffusion_pytorch_model.safetensors");
    Path renamed = Files.move(made, folder.resolve("shuffle"));
    assertThat(imported(Orders.of(renamed, models())).name()).isEqualTo("my-model");
  }

  @Test
  void whatOnlyModelsHaveIsRefused() throws IOException {
    Path file = own(OF_SD1).write(file());

    assertThatThrownBy(
            () -> CheckpointImport.run(Orders.of(file, models(), null, "epsilon"), note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining("it is a ControlNet, which has neither");
    assertThatThrownBy(
            () ->
                CheckpointImport.run(
                    Orders.of(file, models()),
                    new OrderedDefaults(
                        Optional.of(4), Optional.empty(), Optional.empty(), Optional.empty()),
                    note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining("it is a ControlNet, which has no defaults");
  }

  private static RandomCheckpoint in(String layout, String name) throws IOException {
    return switch (layout) {
      case "bare" -> bare(name);
      case "diffusers" -> own(name);
      default -> RandomCheckpoint.of(name);
    };
  }

  private static RandomCheckpoint bare(String name) throws IOException {
    return RandomCheckpoint.of(name).renamed("control_model\\.", "");
  }

  private static RandomCheckpoint own(String name) throws IOException {
    return RandomCheckpoint.ofParts(name, PART);
  }

  /** As diffusers writes it, of the settings that count. */
  private Path folder(String weights) throws IOException {
    Path made = Files.createDirectories(folder.resolve("controlled"));
    own(OF_SD1).write(made.resolve(weights));
    write(made, "_class_name", "\"ControlNetModel\"");
    return made;
  }

  private static void write(Path made, String setting, String value) throws IOException {
    ObjectMapper json = new ObjectMapper();
    Path template = RandomCheckpoint.templates().resolve(OF_SD1).resolve("template.json");
    ObjectNode config = json.readTree(template.toFile()).withObject("/settings");
    config.put("_class_name", "ControlNetModel").put("_diffusers_version", "0.14.0");
    config.put("upcast_attention", true);
    config.set(setting, json.readTree(value));
    json.writeValue(made.resolve("config.json").toFile(), config);
  }

  private Path file() {
    return folder.resolve("it.safetensors");
  }

  private Path models() {
    return folder.resolve("models");
  }

  private ImportOrder replacing(Path checkpoint) {
    return new ImportOrder(
        checkpoint,
        Optional.empty(),
        Optional.empty(),
        "my-model",
        Optional.of("CC-BY-4.0"),
        Optional.empty(),
        Orders.TEMPLATES,
        models(),
        true);
  }

  private static ControlNetCard imported(ImportOrder order) throws IOException {
    Path made = CheckpointImport.run(order, note -> {});
    assertThat(made).isEqualTo(order.models().resolve("controlnets/my-model"));
    return catalogue(order.models()).findControlNet("my-model").orElseThrow();
  }

  private Catalogue catalogue() {
    return catalogue(models());
  }

  private static Catalogue catalogue(Path models) {
    return Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), models));
  }

  private void assertRefused(Path checkpoint, String said) {
    assertThatThrownBy(() -> CheckpointImport.run(Orders.of(checkpoint, models()), note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining(said);
  }
}
