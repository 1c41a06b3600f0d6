package dev.latentline.gateway.request;

import dev.latentline.contract.NetworkTags;
import dev.latentline.inference.catalogue.Catalogue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A tag of a prompt that names a LoRA, as AUTOMATIC1111's extension for them reads it: {@code
 * <lora:name>}, {@code <lora:name:0.8>}, {@code <lora:name:0.8:0.8>} and {@code
 * <lora:name:te=0.8:unet=0.8>}, where the first weight is the text encoders' and the second, for
 * which the first stands in, the network's.
 *
 * @param names under which it may be here: as written, then as a file of that name is imported
 * @param problem what is wrong with it
 */
record LoraTag(String shown, List<String> names, double weight, Optional<String> problem) {
  private static final Set<String> KINDS = Set.of("lora", "lyco");
  private static final Set<String> NAMED = Set.of("te", "unet");
  private static final String NUMBER = "[+-]?([0-9]{1,9}([.][0-9]{0,9})?|[.][0-9]{1,9})";
  private static final int MAX_NAME_CHARS = 255;

  static LoraTag of(NetworkTags.Tag tag) {
    String shown = "<" + tag.kind() + ":" + Text.shown(tag.name()) + ">";
    if (!KINDS.contains(tag.kind())) {
      return wrong(shown, " names what is not known here: LoRAs are, as <lora:name:0.8>");
    }
    List<String> weights = new ArrayList<>();
    Map<String, String> named = new HashMap<>();
    for (String argument : tag.arguments()) {
      int at = argument.indexOf('=');
      if (at < 0) {
        weights.add(argument.strip());
      } else {
        named.put(argument.substring(0, at).strip(), argument.substring(at + 1).strip());
      }
    }
    String text = named.getOrDefault("te", weights.isEmpty() ? "1" : weights.get(0));
    String network = named.getOrDefault("unet", weights.size() > 1 ? weights.get(1) : text);
    boolean numbers = Stream.of(text, network).allMatch(weight -> weight.matches(NUMBER));
    if (weights.size() > 2 || !NAMED.containsAll(named.keySet()) || !numbers) {
      return wrong(shown, " has more than a weight behind its name: write <lora:name:0.8>");
    }
    if (Double.parseDouble(text) != Double.parseDouble(network)) {
      return wrong(
          shown, " has two weights, and here one is for text encoders and network: write that");
    }
    String name = tag.name().strip();
    List<String> names =
        name.length() > MAX_NAME_CHARS ? List.of() : List.of(name, Catalogue.suggestedName(name));
    return new LoraTag(shown, names, Double.parseDouble(text), Optional.empty());
  }

  private static LoraTag wrong(String shown, String problem) {
    return new LoraTag(shown, List.of(), 0, Optional.of(problem));
  }
}
