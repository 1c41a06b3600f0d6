package dev.latentline.inference.lora;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.SessionSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * A part of a model with LoRAs added to its weights. The same model, part and set are the same.
 *
 * @param graph path of the part's graph
 * @param loras those that change the part
 */
public record ChangedModel(ModelCard model, String graph, LoraSet loras) {
  /**
   * @param loras may have some that leave the part as it is
   */
  public static ChangedModel of(ModelCard model, String graph, LoraSet loras) {
    return new ChangedModel(model, graph, loras.changing(part(graph)));
  }

  private static String part(String graph) {
    return graph.substring(0, Math.max(0, graph.lastIndexOf('/')));
  }

  /** Whether the part is as the model has it. */
  public boolean isUnchanged() {
    return loras.isEmpty();
  }

  /** About what a session takes of memory. */
  public long bytes() {
    try {
      return ModelSession.bytes(weights());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Adds the LoRAs to the weights and loads the part with them. Takes longer than without.
   *
   * @param others weights that are others than the model's for another reason, as {@link
   *     ModelSession#open} takes them
   * @throws Failure.Rejected with code {@code lora_unavailable} when a LoRA's file is not the one
   *     of its manifest, or does not fit
   * @throws dev.latentline.inference.session.GraphFailedException as {@link ModelSession#open}
   */
  public ModelSession open(Map<String, ByteBuffer> others, SessionSettings settings) {
    try {
      Map<String, ByteBuffer> changed =
          new HashMap<>(MergedWeights.of(weights(), part(graph), loras));
      changed.putAll(others);
      return ModelSession.open(model.file(graph), model.weightsOf(graph), changed, settings);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path weights() {
    return model
        .weightsOf(graph)
        .orElseThrow(
            () ->
                new Failure.Rejected(
                    "lora_unavailable",
                    "The model " + model.name() + " has its weights in its graphs"));
  }
}
