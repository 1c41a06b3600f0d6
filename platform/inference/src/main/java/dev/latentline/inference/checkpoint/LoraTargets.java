package dev.latentline.inference.checkpoint;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The weights of a template that a LoRA can change, by all names that trainers have for their
 * layers. Names are compared with every separator as _, because kohya's have nothing else.
 */
final class LoraTargets {
  private static final String ORIGINAL = "model.diffusion_model.";
  private static final String WEIGHT = ".weight";
  private static final Map<String, List<String>> PREFIXES =
      Map.of(
          "unet", List.of("lora_unet_", "unet_", "diffusion_model_", "base_model_model_", ""),
          "text_encoder", List.of("lora_te_", "lora_te1_", "text_encoder_"),
          "text_encoder_2", List.of("lora_te2_", "text_encoder_2_"));
  private static final Pattern TEXT_LAYER =
      Pattern.compile("(?<prefix>.*)_?encoder_layers_(?<number>\\d+)_.*");

  private final Map<String, Target> byName = new HashMap<>();

  /** How many layers each text encoder has, by the names' prefix. */
  private final Map<String, Integer> textLayers = new HashMap<>();

  /**
   * @param part the folder of the weight's graph
   * @param weight in the graph
   */
  record Target(String part, String weight, List<Long> shape) {}

  static LoraTargets of(Template template) {
    LoraTargets targets = new LoraTargets();
    template
        .parts()
        .forEach(
            (part, weights) -> {
              if (PREFIXES.containsKey(part)) {
                weights.forEach((name, place) -> targets.add(part, name, place));
              }
            });
    return targets;
  }

  private void add(String part, String name, WeightPlace place) {
    if (!name.endsWith(WEIGHT) || place.shape().size() < 2 || name.contains("embeddings.")) {
      return;
    }
    Target target = new Target(part, name, place.shape());
    for (String stem : stems(name, place)) {
      for (String prefix : PREFIXES.get(part)) {
        String key = prefix + plain(stem);
        byName.put(key, target);
        // diffusers' processors of attention call it so
        byName.put(key.replaceFirst("_to_out_0$", "_to_out"), target);
        Matcher layer = TEXT_LAYER.matcher(key);
        if (!part.equals("unet") && layer.matches()) {
          textLayers.merge(
              layer.group("prefix"), Integer.parseInt(layer.group("number")) + 1, Math::max);
        }
      }
    }
  }

  private static List<String> stems(String name, WeightPlace place) {
    String stem = name.substring(0, name.length() - WEIGHT.length());
    List<String> stems = new ArrayList<>(List.of(stem, stem.replaceFirst("^text_model\\.", "")));
    for (WeightPlace.Source source : place.sources()) {
      if (source.tensor().startsWith(ORIGINAL) && source.rows().isEmpty()) {
        String original = source.tensor().substring(ORIGINAL.length());
        stems.add(original.substring(0, original.length() - WEIGHT.length()));
      }
    }
    return stems;
  }

  /** Of a layer as a file names it. */
  Optional<Target> find(String layer) {
    return Optional.ofNullable(byName.get(plain(layer)));
  }

  /**
   * Whether it is the text encoder's last layer in a family that reads the states before it: it
   * would change nothing.
   */
  boolean isUnread(String layer) {
    Matcher matcher = TEXT_LAYER.matcher(plain(layer));
    return matcher.matches()
        && matcher.group("number").length() < 4
        && Integer.valueOf(Integer.parseInt(matcher.group("number")))
            .equals(textLayers.get(matcher.group("prefix")));
  }

  private static String plain(String name) {
    return name.replace(".processor.", ".").replaceAll("\\W", "_");
  }
}
