package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;

/** What a network was trained to predict: no tensor's shape tells, and a wrong guess draws mud. */
public enum Prediction {
  EPSILON("epsilon"),
  V_PREDICTION("v_prediction"),
  /** The picture, as models that were distilled to one step do. */
  SAMPLE("sample"),
  /** The velocity of flow matching: of a family all or none of whose models do. */
  FLOW("flow");

  private static final String METADATA = "modelspec.prediction_type";

  private final String id;

  Prediction(String id) {
    this.id = id;
  }

  /** As in scheduler_config.json. */
  public String id() {
    return id;
  }

  static Optional<Prediction> byId(String id) {
    // modelspec says v
    return Arrays.stream(values())
        .filter(p -> p.id.equals(id) || ("v".equals(id) && p == V_PREDICTION))
        .findFirst();
  }

  /**
   * As the checkpoint says itself: in its scheduler's configuration, its metadata (Stability's
   * ModelSpec), or by an empty tensor {@code v_pred}.
   *
   * @throws RefusedCheckpointException when it says what is not known here
   */
  static Optional<Prediction> stated(CheckpointFiles files) throws IOException {
    Optional<String> configured =
        files
            .json("scheduler/scheduler_config.json")
            .map(config -> config.path("prediction_type"))
            .map(JsonNode::textValue);
    if (configured.isPresent()) {
      return Optional.of(
          byId(configured.get())
              .orElseThrow(
                  () ->
                      new RefusedCheckpointException(
                          "its scheduler_config.json says that it predicts "
                              + CheckpointImport.line(configured.get())
                              + ", which is not known here")));
    }
    if (files.networkTensors().containsKey("v_pred")) {
      return Optional.of(V_PREDICTION);
    }
    return byId(files.metadata().get(METADATA));
  }
}
