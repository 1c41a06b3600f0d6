package dev.latentline.inference.lora;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.proto.v1.Lora;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * LoRAs with their weights, in an order of their own: two requests that name the same ones have
 * equal sets, and the same bits come of both. One whose weight is 0 is in none.
 */
public record LoraSet(List<Weighted> loras) {
  /** No LoRA: the model as it is. */
  public static final LoraSet NONE = new LoraSet(List.of());

  public LoraSet {
    loras = List.copyOf(loras);
  }

  /** A LoRA and what its changes are multiplied by; equal to another by digest and weight. */
  public record Weighted(LoraCard card, float weight) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Weighted that
          && card.digest().equals(that.card.digest())
          && weight == that.weight;
    }

    @Override
    public int hashCode() {
      return 31 * card.digest().hashCode() + Float.hashCode(weight);
    }
  }

  /**
   * @param wanted as a request pins them; the weights of one that is named twice add up
   * @throws Failure.Rejected with code {@code lora_unavailable} when one is not here, or does not
   *     fit the model
   */
  public static LoraSet of(Catalogue catalogue, ModelCard model, List<Lora> wanted) {
    SortedMap<String, Weighted> byName = new TreeMap<>();
    for (Lora lora : wanted) {
      LoraCard card = catalogue.requireLora(lora.getLora(), model);
      byName.merge(
          card.name(),
          new Weighted(card, lora.getWeight()),
          (a, b) -> new Weighted(card, a.weight + b.weight));
    }
    return new LoraSet(byName.values().stream().filter(lora -> lora.weight != 0).toList());
  }

  public boolean isEmpty() {
    return loras.isEmpty();
  }

  /** Those that change a part of the model: its folder's name. */
  public LoraSet changing(String part) {
    return new LoraSet(loras.stream().filter(lora -> lora.card().parts().contains(part)).toList());
  }

  /**
   * Holds the LoRAs' files against their manifests.
   *
   * @throws Failure.Rejected with code {@code lora_unavailable}
   */
  void verify() {
    for (Weighted lora : loras) {
      if (!lora.card().verify().isEmpty()) {
        throw new Failure.Rejected(
            "lora_unavailable",
            "The file of the LoRA " + lora.card().name() + " is not the one of its manifest");
      }
    }
  }

  /** name:weight of each, for logs. */
  @Override
  public String toString() {
    return loras.stream()
        .map(lora -> lora.card().name() + ":" + lora.weight())
        .collect(Collectors.joining(", "));
  }
}
