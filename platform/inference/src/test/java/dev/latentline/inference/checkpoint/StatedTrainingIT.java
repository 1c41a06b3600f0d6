package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What checkpoints say of the latents and the noise that their networks were trained on. */
class StatedTrainingIT {
  @TempDir Path folder;

  @Test
  void aFoldersAutoencoderTellsTheScaleOfLatents() throws IOException {
    Path model = written();
    JsonNode ofFamily = vae(model, "of-family");
    // as diffusers writes what does not hold
    write(
        model.resolve("vae/config.json"),
        """
        {"scaling_factor": 0.25, "shift_factor": null, "latents_mean": null, "latents_std": null}""");
    JsonNode scaled = vae(model, "scaled");
    write(model.resolve("vae/config.json"), "{\"scaling_factor\": 0.5, \"shift_factor\": -0.125}");
    JsonNode shifted = vae(model, "shifted");

    assertThat(ofFamily.path("scaling_factor").asDouble()).isEqualTo(0.18215);
    assertThat(scaled.path("scaling_factor").asDouble()).isEqualTo(0.25);
    assertThat(scaled.has("shift_factor")).isFalse();
    assertThat(shifted.path("scaling_factor").asDouble()).isEqualTo(0.5);
    assertThat(shifted.path("shift_factor").asDouble()).isEqualTo(-0.125);
    // previews are fitted to latents as the network sees them
    assertThat(scaled.path("latent_rgb_factors")).isNotEqualTo(ofFamily.path("latent_rgb_factors"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"latents_mean\": [0, 1], \"latents_std\": [1, 2]} | has latents_mean and latents_std: each channel",
        "{\"scaling_factor\": 0.5, \"latents_std\": [1, 2]} | has latents_std: each channel",
        "{\"scaling_factor\": \"0.5\"} | says scaling_factor \"0.5\", by which latents cannot be scaled",
        "{\"scaling_factor\": 0} | says scaling_factor 0, by which",
        "{\"shift_factor\": [0.5]} | says shift_factor [0.5], by which",
      })
  void aScaleThatIsNotComputedIsRefused(String config, String said) throws IOException {
    Path model = written();
    write(model.resolve("vae/config.json"), config);

    assertRefused(Orders.of(model, models()), "vae/config.json " + said);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"_class_name\": \"EDMDPMSolverMultistepScheduler\"} | names EDMDPMSolverMultistepScheduler",
        "{\"_class_name\": \"EDMEulerScheduler\", \"sigma_data\": 1} | names EDMEulerScheduler",
        "{\"prediction_type\": \"epsilon\", \"sigma_data\": 0.5} | has sigma_data",
      })
  void aFolderWhoseNetworkWasTrainedOnTheNoiseOfEdmIsRefused(String config, String said)
      throws IOException {
    Path model = written();
    write(model.resolve("scheduler/scheduler_config.json"), config);

    assertRefused(
        Orders.of(model, models()),
        "its scheduler_config.json " + said + ": it was trained with the noise of EDM");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "edm_mean | edm_std | the tensors edm_mean, edm_std",
        "edm_vpred.sigma_max | edm_vpred.sigma_min | the tensors edm_vpred.sigma_max, edm_vpred.sigma_min",
        "v_pred | edm_vpred.sigma_max | the tensor edm_vpred.sigma_max",
      })
  void aFileWhoseNetworkWasTrainedOnTheNoiseOfEdmIsRefused(String one, String other, String said)
      throws IOException {
    Path file =
        RandomCheckpoint.of("tiny-sdxl")
            .with(one, 1)
            .with(other, 1)
            .write(folder.resolve("edm.safetensors"));

    // whatever is said of what it predicts
    assertRefused(
        Orders.of(file, models(), null, "v_prediction"),
        "it has " + said + ": it was trained with the noise of EDM");
  }

  /** A folder as diffusers writes it, without configurations. */
  private Path written() throws IOException {
    return RandomCheckpoint.writeFolder("tiny-sd1", folder.resolve("written"));
  }

  private static void write(Path file, String json) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, json);
  }

  private JsonNode vae(Path checkpoint, String models) throws IOException {
    Path model = CheckpointImport.run(Orders.of(checkpoint, folder.resolve(models)), note -> {});
    return new ObjectMapper().readTree(model.resolve("manifest.json").toFile()).path("vae");
  }

  private void assertRefused(ImportOrder order, String said) {
    assertThatThrownBy(() -> CheckpointImport.run(order, note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining(said);
    assertThat(order.models())
        .satisfiesAnyOf(
            models -> assertThat(models).doesNotExist(),
            models -> assertThat(models).isEmptyDirectory());
  }

  private Path models() {
    return folder.resolve("models");
  }
}
