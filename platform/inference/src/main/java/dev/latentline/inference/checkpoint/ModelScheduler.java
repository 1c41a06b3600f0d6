package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.inference.safetensors.StoredTensor;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The scheduler_config.json of a model that is being imported: the template's, and over it what the
 * checkpoint says itself.
 */
final class ModelScheduler {
  private static final String FILE = "scheduler/scheduler_config.json";
  private static final String RESCALED = "rescale_betas_zero_snr";

  /** An empty tensor by which single files say that they were trained to zero terminal SNR. */
  private static final String MARKER = "ztsnr";

  /**
   * Tensors by which single files of Playground v2.5 and of CosXL say what they were trained on.
   */
  private static final String EDM_MARKERS = "edm_mean|edm_std|edm_vpred\\..*";

  private ModelScheduler() {}

  /**
   * @param ordered what the network predicts where the checkpoint does not say
   * @throws RefusedCheckpointException when it is not known what the network predicts, or that
   *     means nothing where no signal is left, or the network was trained as EDM's are
   */
  static ObjectNode of(CheckpointFiles files, Template template, Optional<Prediction> ordered)
      throws IOException {
    requireNoEdm(files);
    Prediction prediction = prediction(files, template, ordered);
    ObjectNode scheduler = template.scheduler().deepCopy();
    if (files.networkTensors().containsKey(MARKER)) {
      scheduler.put(RESCALED, true);
      // only so the steps begin where there is no signal: Lin et al. 2023 (arXiv:2305.08891), 3.3
      scheduler.put("timestep_spacing", "trailing");
    }
    files.json(FILE).ifPresent(own -> scheduler.setAll(own.deepCopy()));
    scheduler.put("prediction_type", prediction.id());
    if (isRescaled(scheduler) && prediction == Prediction.EPSILON) {
      throw new RefusedCheckpointException(
          "the model was trained to zero terminal SNR, where noise that is predicted says nothing of"
              + " the picture: say --prediction v_prediction if it was trained so");
    }
    return scheduler;
  }

  /**
   * Networks of EDM have the tensors of others, but see latents of another scale, other timesteps,
   * and answer in yet another scale (Karras et al. 2022, arXiv:2206.00364, table 1).
   */
  private static void requireNoEdm(CheckpointFiles files) throws IOException {
    List<String> markers =
        files.networkTensors().keySet().stream()
            .filter(name -> name.matches(EDM_MARKERS))
            .map(StoredTensor::shown)
            .toList();
    if (!markers.isEmpty()) {
      throw trainedAsEdm(
          "it has " + (markers.size() == 1 ? "the tensor " : "the tensors ") + Fit.few(markers));
    }
    ObjectNode own = files.json(FILE).orElse(null);
    if (own == null) {
      return;
    }
    String scheduler = own.path("_class_name").asText();
    if (scheduler.startsWith("EDM")) {
      throw trainedAsEdm("its scheduler_config.json names " + CheckpointImport.line(scheduler));
    }
    if (own.hasNonNull("sigma_data")) {
      throw trainedAsEdm("its scheduler_config.json has sigma_data");
    }
  }

  private static RefusedCheckpointException trainedAsEdm(String found) {
    return new RefusedCheckpointException(
        found
            + ": it was trained with the noise of EDM, as Playground v2.5 and CosXL were, and such"
            + " models are not computed here");
  }

  /** Whether nothing is left of the picture at the last timestep. */
  static boolean isRescaled(ObjectNode scheduler) {
    return scheduler.path(RESCALED).asBoolean();
  }

  private static Prediction prediction(
      CheckpointFiles files, Template template, Optional<Prediction> ordered) throws IOException {
    Optional<Prediction> ofFamily = template.prediction().flatMap(Prediction::byId);
    if (ofFamily.equals(Optional.of(Prediction.FLOW))) {
      if (ordered.isPresent()) {
        throw new RefusedCheckpointException(
            "all models of "
                + template.title()
                + " were trained by flow matching: leave out --prediction");
      }
      return Prediction.FLOW;
    }
    if (ordered.equals(Optional.of(Prediction.FLOW))) {
      throw new RefusedCheckpointException(
          "no model of " + template.title() + " was trained by flow matching");
    }
    Optional<Prediction> stated = Prediction.stated(files);
    return ordered
        .or(() -> stated)
        .or(() -> ofFamily)
        .orElseThrow(
            () ->
                new RefusedCheckpointException(
                    "the file does not tell whether it predicts noise or velocity, and "
                        + template.title()
                        + " has both: say --prediction v_prediction (models of 768 pixels) or"
                        + " --prediction epsilon (of 512); try the other one if pictures are brown"
                        + " or noisy"));
  }
}
