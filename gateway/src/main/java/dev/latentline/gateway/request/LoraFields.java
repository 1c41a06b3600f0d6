package dev.latentline.gateway.request;

import dev.latentline.contract.Limits;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The LoRAs that a request names, each pinned by its digest. */
final class LoraFields {
  private LoraFields() {}

  static void read(
      Fields fields,
      Optional<ModelCard> model,
      OfferedModels models,
      GenerationRequest.Builder request) {
    SortedMap<String, Lora> found = new TreeMap<>();
    for (Fields lora : fields.objects("loras", Limits.MAX_LORAS)) {
      lora.refuseAllBut(List.of("name", "weight"));
      float weight =
          (float) lora.decimal("weight", -Limits.MAX_LORA_WEIGHT, Limits.MAX_LORA_WEIGHT).orElse(1);
      Optional<LoraCard> card = card(lora, model, models);
      if (card.isPresent() && found.containsKey(card.get().name())) {
        lora.add("name", "duplicate", "Is named twice");
      } else if (card.isPresent()) {
        found.put(card.get().name(), pinned(card.get(), weight));
      }
    }
    request.addAllLoras(found.values());
  }

  private static Optional<LoraCard> card(
      Fields lora, Optional<ModelCard> model, OfferedModels models) {
    Optional<String> name = lora.text("name");
    List<String> offered =
        model.map(models::lorasOf).orElse(List.of()).stream().map(LoraCard::name).toList();
    if (name.isEmpty()) {
      if (!lora.has("name")) {
        lora.add("name", "missing", "Name a LoRA", Allowed.oneOf(offered));
      }
      return Optional.empty();
    }
    Optional<LoraCard> card = models.lora(name.get());
    if (card.isEmpty()) {
      lora.add(
          "name",
          "unknown_lora",
          "There is no such LoRA, or not with that digest; the model can have " + offered,
          Allowed.oneOf(offered));
    } else if (model.isPresent() && !offered.contains(card.get().name())) {
      lora.add(
          "name",
          "lora_unfit",
          "Is a LoRA of another family than the model; the model can have " + offered,
          Allowed.oneOf(offered));
      return Optional.empty();
    }
    return card;
  }

  private static Lora pinned(LoraCard card, float weight) {
    return Lora.newBuilder()
        .setLora(ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()))
        .setWeight(weight)
        .build();
  }
}
