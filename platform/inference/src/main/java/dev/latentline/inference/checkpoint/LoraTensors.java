package dev.latentline.inference.checkpoint;

import dev.latentline.inference.safetensors.StoredTensor;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tensors of a LoRA by the layer that they change, whatever they are called: in the layouts of
 * kohya-ss/sd-scripts, LyCORIS (LoCon), diffusers before and after PEFT, and PEFT.
 *
 * @param layers by name of the layer as the file has it, without what names the tensor
 */
record LoraTensors(Map<String, Layer> layers) {
  /** What only files of this kind have, whether they can be used or not. */
  private static final Pattern MARK =
      Pattern.compile(
          "(lora_(unet|te\\d?|prior)|lycoris)_.*|.*\\.(lora_[AB]|lora_linear_layer|lora_embedding_[AB])\\..*"
              + "|.*[._]lora\\d*[._](up|down)\\..*|.*\\.lora_(up|down|mid|magnitude_vector)\\b.*"
              + "|.*\\.(hada_w\\d.*|lokr_w\\d.*|dora_scale)");

  private static final Pattern T5 = Pattern.compile(".*[._](SelfAttention|DenseReluDense)[._].*");

  private static final Pattern DOWN =
      named("\\.lora_down|\\.lora_A(\\.[^.]+)?|[._]lora\\.down|\\.lora_linear_layer\\.down");
  private static final Pattern UP =
      named("\\.lora_up|\\.lora_B(\\.[^.]+)?|[._]lora\\.up|\\.lora_linear_layer\\.up");
  private static final Pattern MID = named("\\.lora_mid");
  private static final Pattern ALPHA = Pattern.compile("(?<layer>.+)\\.alpha");

  /** Other changes of weights than low-rank ones, by what their tensors are called. */
  private static final Map<String, String> OTHERS =
      Map.of(
          "\\.hada_.*", "LoHa",
          "\\.lokr_.*", "LoKr",
          "\\.(dora_scale|lora_magnitude_vector).*", "DoRA",
          "\\.oft_.*", "OFT",
          "\\.(a1|a2|b1|b2)\\.weight", "GLoRA",
          "\\.(diff|diff_b)", "a full difference",
          "\\.(lora_up|lora_B|lora_B\\.[^.]+)\\.bias", "a LoRA with biases",
          "\\.lora_embedding_[AB].*", "a LoRA of an embedding");

  private static Pattern named(String suffix) {
    return Pattern.compile("(?<layer>.+?)(" + suffix + ")\\.weight");
  }

  /** Of one layer; those that are not there are null. */
  static final class Layer {
    StoredTensor down;
    StoredTensor up;
    StoredTensor mid;
    StoredTensor alpha;

    /** For error messages: the first that is there. */
    String shownName() {
      return Optional.ofNullable(down)
          .or(() -> Optional.ofNullable(up))
          .or(() -> Optional.ofNullable(mid))
          .orElse(alpha)
          .shown();
    }
  }

  /** Whether a file with such tensors is a LoRA or something of its kind. */
  static boolean areOfOne(Map<String, StoredTensor> tensors) {
    return tensors.keySet().stream().anyMatch(name -> MARK.matcher(name).matches());
  }

  /**
   * @throws RefusedCheckpointException that names the first tensor that is none of a LoRA's, or one
   *     of T5's
   */
  static LoraTensors of(String file, Map<String, StoredTensor> tensors) {
    Map<String, Layer> layers = new TreeMap<>();
    for (StoredTensor tensor : tensors.values()) {
      if (isOfT5(tensor.name())) {
        throw new RefusedCheckpointException(
            file
                + " cannot be used: the tensor "
                + tensor.shown()
                + " is of a LoRA of T5, which cannot be applied yet");
      }
      if (!place(tensor, layers)) {
        throw new RefusedCheckpointException(
            file + " cannot be used: the tensor " + tensor.shown() + " is of " + other(tensor));
      }
      if (!tensor.type().isWeight()) {
        throw new RefusedCheckpointException(
            file
                + " cannot be used: the tensor "
                + tensor.shown()
                + " is "
                + tensor.type()
                + ", and should be F32, F16 or BF16");
      }
    }
    layers.forEach(
        (name, layer) -> {
          if (layer.down == null || layer.up == null) {
            throw new RefusedCheckpointException(
                file
                    + " cannot be used: the tensor "
                    + layer.shownName()
                    + " has no "
                    + (layer.down == null ? "down" : "up")
                    + " beside it");
          }
        });
    return new LoraTensors(layers);
  }

  /** Of a tensor's name, as a model or a LoRA has it. */
  static boolean isOfT5(String name) {
    return T5.matcher(name).matches();
  }

  private static boolean place(StoredTensor tensor, Map<String, Layer> layers) {
    Layer layer = find(DOWN, tensor, layers);
    if (layer != null) {
      layer.down = tensor;
      return true;
    }
    layer = find(UP, tensor, layers);
    if (layer != null) {
      layer.up = tensor;
      return true;
    }
    layer = find(MID, tensor, layers);
    if (layer != null) {
      layer.mid = tensor;
      return true;
    }
    layer = find(ALPHA, tensor, layers);
    if (layer != null) {
      layer.alpha = tensor;
      return true;
    }
    return false;
  }

  private static Layer find(Pattern pattern, StoredTensor tensor, Map<String, Layer> layers) {
    Matcher matcher = pattern.matcher(tensor.name());
    return matcher.matches()
        ? layers.computeIfAbsent(matcher.group("layer"), absent -> new Layer())
        : null;
  }

  private static String other(StoredTensor tensor) {
    return OTHERS.entrySet().stream()
        .filter(kind -> tensor.name().matches(".+" + kind.getKey()))
        .map(kind -> kind.getValue() + ", which cannot be applied yet; only LoRA and LoCon can")
        .findFirst()
        .orElse("no kind that is known in a LoRA");
  }
}
