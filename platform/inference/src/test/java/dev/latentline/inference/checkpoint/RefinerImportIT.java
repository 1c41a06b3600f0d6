package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.lora.ModelPart;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RefinerImportIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));

  @TempDir Path folder;
  private final List<String> notes = new ArrayList<>();

  @BeforeEach
  void models() throws IOException {
    imported(RandomCheckpoint.of("tiny-sdxl").write(folder.resolve("xl.safetensors")), "xl");
    imported(RandomCheckpoint.of("tiny-sd1").write(folder.resolve("one.safetensors")), "one");
    notes.clear();
  }

  @Test
  void aFileGoesOnWithThePicturesOfItsFamilyAndIsNoModelToDrawWith() throws IOException {
    Path file = RandomCheckpoint.of("tiny-sdxl-refiner").write(folder.resolve("it.safetensors"));

    imported(file, "fine");

    Catalogue catalogue = catalogue();
    ModelCard refiner = catalogue.find("fine").orElseThrow();
    assertThat(refiner.isRefiner()).isTrue();
    assertThat(refiner.verify()).isEmpty();
    assertThat(refiner.textEncoders()).hasSize(1);
    assertThat(refiner.unet().timeIds()).isEqualTo(5);
    assertThat(refiner.unet().zeroUnconditional()).isFalse();
    assertThat(catalogue.refinersOf(catalogue.find("xl").orElseThrow())).containsExactly(refiner);
    assertThat(catalogue.refinersOf(catalogue.find("one").orElseThrow())).isEmpty();
    assertThat(catalogue.models())
        .contains(catalogue.find("xl").orElseThrow())
        .doesNotContain(refiner);
    assertThat(catalogue.modelsOf("default")).contains(refiner);
    assertThat(notes).anyMatch(note -> note.startsWith("it is Stable Diffusion XL refiner"));
    assertThat(notes).anyMatch(note -> note.contains("--refiner"));
  }

  @Test
  void aFolderThatDiffusersWroteIsOneToo() throws IOException {
    Path file = RandomCheckpoint.of("tiny-sdxl-refiner").write(folder.resolve("it.safetensors"));
    Path written = RandomCheckpoint.writeFolder("tiny-sdxl-refiner", folder.resolve("folder"));
    Files.createDirectories(written.resolve("scheduler"));
    Files.writeString(
        written.resolve("scheduler/scheduler_config.json"),
        """
        {"_class_name": "EulerDiscreteScheduler", "beta_schedule": "scaled_linear",
         "beta_start": 0.00085, "beta_end": 0.012, "steps_offset": 1}""");

    imported(file, "fine");
    imported(written, "fine-too");

    Catalogue catalogue = catalogue();
    ModelCard xl = catalogue.find("xl").orElseThrow();
    assertThat(catalogue.refinersOf(xl))
        .extracting(ModelCard::name)
        .containsExactly("fine", "fine-too");
    for (String part : List.of("unet", "text_encoder_2", "vae_decoder")) {
      String graph = part + "/model.onnx";
      assertThat(catalogue.find("fine-too").orElseThrow().digestsOf(graph).get(graph))
          .isEqualTo(catalogue.find("fine").orElseThrow().digestsOf(graph).get(graph));
    }
  }

  /** Stability AI trained neither: both took it from OpenCLIP. */
  @Test
  void aTextEncoderWithTheSameWeightsIsTheModelsOwn() throws IOException {
    // weights in folders are called alike, and so are the same here
    imported(RandomCheckpoint.writeFolder("tiny-sdxl", folder.resolve("base")), "base");
    imported(RandomCheckpoint.writeFolder("tiny-sdxl-refiner", folder.resolve("it")), "fine");

    ModelCard base = catalogue().find("base").orElseThrow();
    ModelCard fine = catalogue().find("fine").orElseThrow();
    TextEncoder second = base.textEncoders().get(1);
    assertThat(fine.textEncoders()).containsExactly(second);
    assertThat(ModelPart.of(fine, second.model())).isEqualTo(ModelPart.of(base, second.model()));
  }

  @Test
  void whereTheNoiseIsAnotherNoRefinerFits() throws IOException {
    imported(
        RandomCheckpoint.of("tiny-sdxl-refiner").write(folder.resolve("it.safetensors")), "fine");
    imported(
        RandomCheckpoint.of("tiny-sdxl")
            .with("v_pred", 0)
            .with("ztsnr", 0)
            .write(folder.resolve("zero.safetensors")),
        "zero");

    Catalogue catalogue = catalogue();
    assertThat(catalogue.refinersOf(catalogue.find("zero").orElseThrow())).isEmpty();
  }

  @Test
  void aLoraIsOfModelsAndNotOfTheirRefiners() throws IOException {
    Path lora =
        RandomCheckpoint.templates().resolveSibling("golden/loras/tiny-sdxl/peft.safetensors");
    imported(lora, "ink");
    imported(
        RandomCheckpoint.of("tiny-sdxl-refiner").write(folder.resolve("it.safetensors")), "fine");

    Catalogue catalogue = catalogue();
    assertThat(catalogue.lorasOf(catalogue.find("xl").orElseThrow())).hasSize(1);
    assertThat(catalogue.lorasOf(catalogue.find("fine").orElseThrow())).isEmpty();
  }

  private void imported(Path checkpoint, String name) throws IOException {
    CheckpointImport.run(
        ImportOrder.of(checkpoint, name, RandomCheckpoint.allTemplates(), folder.resolve("models")),
        notes::add);
  }

  private Catalogue catalogue() {
    return Catalogue.open(
        List.of(HOME.resolve("models/target/catalogue"), folder.resolve("models")));
  }
}
