package dev.latentline.local.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.local.CliException;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SelectionTest {
  private static final Selection ANY = new Selection(Optional.empty(), Optional.empty());
  private static final String[] FOLDER = {
    "README.md",
    "model_index.json",
    "model.safetensors",
    "scheduler/scheduler_config.json",
    "safety_checker/model.safetensors",
    "tokenizer/vocab.json",
    "text_encoder/config.json",
    "text_encoder/model.safetensors",
    "text_encoder/model.fp16.safetensors",
    "text_encoder/pytorch_model.bin",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
    "unet/diffusion_pytorch_model.fp16.safetensors",
    "unet/diffusion_pytorch_model.non_ema.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
    "vae/diffusion_pytorch_model.fp16.safetensors",
  };

  @Test
  void ofAFolderThePartsOfAModelAreTaken() {
    assertThat(paths(ANY, FOLDER))
        .containsExactlyInAnyOrder(
            "model_index.json",
            "scheduler/scheduler_config.json",
            "text_encoder/config.json",
            "text_encoder/model.safetensors",
            "unet/config.json",
            "unet/diffusion_pytorch_model.safetensors",
            "vae/config.json",
            "vae/diffusion_pytorch_model.safetensors");
    assertThat(ANY.of(repository(FOLDER)).isFolder()).isTrue();
  }

  @Test
  void aVariantIsTakenForAllParts() {
    assertThat(paths(new Selection(Optional.empty(), Optional.of("fp16")), FOLDER))
        .contains(
            "unet/diffusion_pytorch_model.fp16.safetensors", "text_encoder/model.fp16.safetensors")
        .doesNotContain("unet/diffusion_pytorch_model.safetensors");
  }

  @Test
  void shardsAreTakenWithTheirIndex() {
    assertThat(
            paths(
                ANY,
                "model_index.json",
                "unet/diffusion_pytorch_model-00001-of-00002.safetensors",
                "unet/diffusion_pytorch_model-00002-of-00002.safetensors",
                "unet/diffusion_pytorch_model.safetensors.index.json"))
        .hasSize(4);
  }

  @Test
  void ofStableDiffusion3TheTransformerAndAllTextEncodersAreTaken() {
    assertThat(
            paths(
                ANY,
                "model_index.json",
                "sd3_medium.safetensors",
                "text_encoder_2/model.safetensors",
                "text_encoder_3/model-00001-of-00002.safetensors",
                "text_encoder_3/model-00002-of-00002.safetensors",
                "text_encoder_3/model.safetensors.index.json",
                "tokenizer_3/tokenizer.json",
                "transformer/diffusion_pytorch_model.safetensors"))
        .hasSize(6)
        .contains("transformer/diffusion_pytorch_model.safetensors")
        .doesNotContain("sd3_medium.safetensors", "tokenizer_3/tokenizer.json");
  }

  @Test
  void ofFluxTheFolderIsTakenAndNotTheOriginalFilesBesideIt() {
    assertThat(
            paths(
                ANY,
                "model_index.json",
                "flux1-dev.safetensors",
                "ae.safetensors",
                "scheduler/scheduler_config.json",
                "text_encoder/model.safetensors",
                "text_encoder_2/model-00001-of-00002.safetensors",
                "text_encoder_2/model-00002-of-00002.safetensors",
                "text_encoder_2/model.safetensors.index.json",
                "tokenizer_2/spiece.model",
                "transformer/diffusion_pytorch_model-00001-of-00003.safetensors",
                "transformer/diffusion_pytorch_model-00002-of-00003.safetensors",
                "transformer/diffusion_pytorch_model-00003-of-00003.safetensors",
                "transformer/diffusion_pytorch_model.safetensors.index.json",
                "vae/diffusion_pytorch_model.safetensors"))
        .hasSize(11)
        .doesNotContain("flux1-dev.safetensors", "ae.safetensors", "tokenizer_2/spiece.model");
  }

  @Test
  void weightsThatAreNoSafetensorsAreRefusedByPart() {
    assertThatThrownBy(
            () -> ANY.of(repository("model_index.json", "unet/diffusion_pytorch_model.bin")))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("no .safetensors weights in unet")
        .hasMessageContaining("diffusion_pytorch_model.bin");
  }

  @Test
  void aFolderWithoutADenoisingNetworkIsRefusedBeforeItIsFetched() {
    assertThatThrownBy(
            () ->
                ANY.of(
                    repository(
                        "model_index.json",
                        "prior/diffusion_pytorch_model.safetensors",
                        "vae/diffusion_pytorch_model.safetensors")))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("has no folder unet or transformer, but [prior, vae]");
  }

  @Test
  void aVariantThatIsNotThereIsRefused() {
    Selection bf16 = new Selection(Optional.empty(), Optional.of("bf16"));
    assertThatThrownBy(() -> bf16.of(repository(FOLDER)))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("weights in unet of the variant bf16; it has [unet/config.json");
    assertThatThrownBy(() -> bf16.of(repository("ink.safetensors")))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("--variant");
  }

  @Test
  void aPartThatIsPublishedAloneIsTakenWithItsConfiguration() {
    String[] controlNet = {
      "README.md",
      "config.json",
      "diffusion_pytorch_model.bin",
      "diffusion_pytorch_model.fp16.safetensors",
      "diffusion_pytorch_model.safetensors",
      "images/bird.png",
    };

    assertThat(paths(ANY, controlNet))
        .containsExactly("config.json", "diffusion_pytorch_model.safetensors");
    assertThat(paths(new Selection(Optional.empty(), Optional.of("fp16")), controlNet))
        .containsExactly("config.json", "diffusion_pytorch_model.fp16.safetensors");
    assertThat(ANY.of(repository(controlNet)).isFolder()).isTrue();
    assertThat(ANY.of(repository(controlNet)).isModel()).isFalse();
    assertThat(named("diffusion_pytorch_model.fp16.safetensors").of(repository(controlNet)))
        .extracting(Selection.Chosen::isFolder)
        .isEqualTo(false);
    assertThatThrownBy(
            () -> ANY.of(repository("config.json", "diffusion_pytorch_model.fp16.safetensors")))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("has no .safetensors weights; it has [config.json, diffusion_")
        .hasMessageContaining("try --variant fp16");
  }

  @Test
  void theOnlyCheckpointIsTaken() {
    assertThat(paths(ANY, "README.md", "ink.safetensors", "extra/other.safetensors"))
        .containsExactly("ink.safetensors");
  }

  @Test
  void ofSeveralCheckpointsOneMustBeNamed() {
    String[] several = {"ink-v1.safetensors", "ink-v2.safetensors"};
    assertThatThrownBy(() -> ANY.of(repository(several)))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("--file")
        .hasMessageContaining("ink-v2.safetensors (1.50 GB)");
    assertThat(paths(named("ink-v2.safetensors"), several)).containsExactly("ink-v2.safetensors");
    assertThatThrownBy(() -> named("ink-v3.safetensors").of(repository(several)))
        .hasMessageContaining("has no ink-v3.safetensors")
        .hasMessageContaining("ink-v1.safetensors");
  }

  @Test
  void aRepositoryWithoutACheckpointSaysSo() {
    assertThatThrownBy(() -> ANY.of(repository("model.ckpt")))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("no .safetensors file");
    assertThatThrownBy(() -> named("model.ckpt").of(repository("model.ckpt")))
        .hasMessageContaining("--file must be a .safetensors file");
  }

  private static Selection named(String file) {
    return new Selection(Optional.of(file), Optional.empty());
  }

  private static Iterable<String> paths(Selection selection, String... files) {
    return selection.of(repository(files)).files().stream().map(HubFile::path).toList();
  }

  private static HubRepository repository(String... files) {
    return new HubRepository(
        HubName.parse("acme/ink"),
        FakeHub.COMMIT,
        Optional.empty(),
        Arrays.stream(files)
            .map(path -> new HubFile(path, 1_500_000_000, Optional.empty()))
            .toList());
  }
}
