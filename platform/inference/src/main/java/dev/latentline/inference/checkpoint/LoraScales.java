package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.latentline.inference.checkpoint.LoraTargets.Target;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.tensor.StoredFloats;
import java.io.IOException;
import java.util.Map;

/**
 * What the product of a layer's matrices is multiplied by: alpha / rank. kohya's files have a
 * tensor alpha for each layer, diffusers' since 0.34 PEFT's configuration as JSON in the metadata;
 * without either it is 1.
 */
final class LoraScales {
  private static final String METADATA = "lora_adapter_metadata";

  private final CheckpointFiles files;
  private final JsonNode configuration;

  LoraScales(CheckpointFiles files) {
    this.files = files;
    this.configuration = configuration(files.metadata());
  }

  private static JsonNode configuration(Map<String, String> metadata) {
    String stated = metadata.get(METADATA);
    if (stated == null) {
      return MissingNode.getInstance();
    }
    try {
      return new ObjectMapper().readTree(stated);
    } catch (JacksonException e) {
      throw new RefusedCheckpointException("the metadata " + METADATA + " is no JSON");
    }
  }

  /**
   * @throws RefusedCheckpointException when the alpha is no number
   */
  float of(LoraTensors.Layer layer, Target target, long rank) throws IOException {
    if (layer.alpha != null) {
      return scale(layer.alpha.name(), alpha(layer.alpha), rank);
    }
    JsonNode alpha = configuration.path(target.part() + ".lora_alpha");
    // PEFT: the ending of a layer's name, as a regular expression
    String name = target.weight().substring(0, target.weight().lastIndexOf('.'));
    for (Map.Entry<String, JsonNode> pattern :
        configuration.path(target.part() + ".alpha_pattern").properties()) {
      if (name.equals(pattern.getKey()) || name.endsWith("." + pattern.getKey())) {
        alpha = pattern.getValue();
      }
    }
    if (alpha.isMissingNode()) {
      return 1;
    }
    boolean bySquareRoot = configuration.path(target.part() + ".use_rslora").asBoolean();
    return scale(
        METADATA, (float) alpha.asDouble(Double.NaN), bySquareRoot ? Math.sqrt(rank) : rank);
  }

  private float alpha(StoredTensor alpha) throws IOException {
    if (alpha.elements() != 1) {
      throw new RefusedCheckpointException(
          "the tensor " + alpha.shown() + " should be one number, and is " + alpha.shape());
    }
    return StoredFloats.of(files.map(alpha), alpha.type())[0];
  }

  private static float scale(String where, float alpha, double divisor) {
    float scale = (float) (alpha / divisor);
    if (!Float.isFinite(scale)) {
      throw new RefusedCheckpointException("the alpha in " + where + " is no number");
    }
    return scale;
  }
}
