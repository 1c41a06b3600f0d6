package dev.latentline.local.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.local.CliException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The LoRAs that change the model. */
final class LoraOptions {
  private static final float FULLY = 1;

  @Option(
      names = "--lora",
      paramLabel = "NAME[:WEIGHT]",
      description =
          "A LoRA that changes the model, by how much (default: 1); several may be named.")
  private List<String> loras = new ArrayList<>();

  /** What a gateway would refuse whatever its LoRAs are. */
  void check() {
    if (loras.size() > Limits.MAX_LORAS) {
      throw CliException.usage("--lora: name at most " + Limits.MAX_LORAS);
    }
    loras.forEach(LoraOptions::parsed);
  }

  void addTo(ObjectNode body) {
    if (loras.isEmpty()) {
      return;
    }
    ArrayNode array = body.putArray("loras");
    for (String lora : loras) {
      Chosen chosen = parsed(lora);
      array.addObject().put("name", chosen.name()).put("weight", chosen.weight());
    }
  }

  /** A LoRA by name, or by name@sha256:{hex}. */
  private record Chosen(String name, float weight) {}

  private static Chosen parsed(String text) {
    int at = text.lastIndexOf(':');
    // the digest has a colon of its own
    if (at < 0 || text.substring(0, at).endsWith("@sha256")) {
      return new Chosen(text, FULLY);
    }
    float weight;
    try {
      weight = Float.parseFloat(text.substring(at + 1));
    } catch (NumberFormatException e) {
      throw CliException.usage("--lora " + text + ": write NAME or NAME:WEIGHT, as ink:0.8");
    }
    if (!(Math.abs(weight) <= Limits.MAX_LORA_WEIGHT)) {
      throw CliException.usage(
          String.format(
              "--lora %s: give a weight from %.0f to %.0f",
              text, -Limits.MAX_LORA_WEIGHT, Limits.MAX_LORA_WEIGHT));
    }
    return new Chosen(text.substring(0, at), weight);
  }
}
