package dev.latentline.inference.checkpoint;

import dev.latentline.inference.checkpoint.WeightPlace.Rows;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The weights of a template that a LoRA can change, by all names that trainers have for their
 * layers. Names are compared with every separator as _, because kohya's have nothing else. In the
 * original layout of transformers one layer is several weights of the graph.
 */
final class LoraTargets {
  private static final String ORIGINAL = "model.diffusion_model.";
  private static final String WEIGHT = ".weight";
  private static final Map<String, List<String>> PREFIXES =
      Map.of(
          "unet", List.of("lora_unet_", "unet_", "diffusion_model_", "base_model_model_", ""),
          "transformer",
              List.of(
                  "lora_unet_",
                  "lora_transformer_",
                  "transformer_",
                  "diffusion_model_",
                  "base_model_model_",
                  ""),
          "text_encoder", List.of("lora_te_", "lora_te1_", "text_encoder_"),
          "text_encoder_2", List.of("lora_te2_", "text_encoder_2_"));
  private static final Pattern TEXT_LAYER =
      Pattern.compile("(?<prefix>.*)_?encoder_layers_(?<number>\\d+)_.*");

  private final Map<String, Set<Target>> byName = new HashMap<>();

  /** How many layers each text encoder has, by the names' prefix. */
  private final Map<String, Integer> textLayers = new HashMap<>();

  /**
   * What a layer of a file is in the graph.
   *
   * @param part the folder of the weight's graph
   * @param weight in the graph
   * @param shape in the graph
   * @param rows those of the layer that the weight is; empty for all of them
   * @param swapped whether the upper half of the weight's rows is the lower one of the layer's
   */
  record Target(
      String part, String weight, List<Long> shape, Optional<Rows> rows, boolean swapped) {
    /** How many the file's layer has. */
    long layerRows() {
      return rows.map(Rows::all).orElse(shape.get(0));
    }
  }

  /** A layer's name, and which of its rows the weight is. */
  private record Stem(String name, Optional<Rows> rows, boolean swapped) {}

  static LoraTargets of(Template template) {
    LoraTargets targets = new LoraTargets();
    template
        .parts()
        .forEach(
            (part, weights) -> {
              if (PREFIXES.containsKey(part) && !isOfT5(weights.keySet())) {
                weights.forEach((name, place) -> targets.add(part, name, place));
              }
            });
    return targets;
  }

  /** Its place among a family's text encoders is another's CLIP. */
  private static boolean isOfT5(Set<String> weights) {
    return weights.stream().anyMatch(LoraTensors::isOfT5);
  }

  private void add(String part, String name, WeightPlace place) {
    if (!name.endsWith(WEIGHT) || place.shape().size() < 2 || name.contains("embeddings.")) {
      return;
    }
    for (Stem stem : stems(name, place)) {
      Target target = new Target(part, name, place.shape(), stem.rows(), stem.swapped());
      for (String prefix : PREFIXES.get(part)) {
        String key = prefix + plain(stem.name());
        put(key, target);
        // diffusers' processors of attention call it so
        put(key.replaceFirst("_to_out_0$", "_to_out"), target);
        Matcher layer = TEXT_LAYER.matcher(key);
        if (part.startsWith("text_encoder") && layer.matches()) {
          textLayers.merge(
              layer.group("prefix"), Integer.parseInt(layer.group("number")) + 1, Math::max);
        }
      }
    }
  }

  private void put(String key, Target target) {
    byName.computeIfAbsent(key, absent -> new LinkedHashSet<>()).add(target);
  }

  private static List<Stem> stems(String name, WeightPlace place) {
    String stem = name.substring(0, name.length() - WEIGHT.length());
    List<Stem> stems = new ArrayList<>();
    stems.add(new Stem(stem, Optional.empty(), false));
    stems.add(new Stem(stem.replaceFirst("^text_model\\.", ""), Optional.empty(), false));
    for (WeightPlace.Source source : place.sources()) {
      if (source.tensor().startsWith(ORIGINAL)) {
        String original = source.tensor().substring(ORIGINAL.length());
        stems.add(
            new Stem(
                original.substring(0, original.length() - WEIGHT.length()),
                source.rows(),
                source.swapped()));
      }
    }
    return stems;
  }

  /** The weights that a layer as a file names it is; empty where there is no such layer. */
  Set<Target> find(String layer) {
    return byName.getOrDefault(plain(layer), Set.of());
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
