package dev.latentline.gateway.request;

import dev.latentline.contract.Limits;
import dev.latentline.contract.NetworkTags;
import dev.latentline.contract.PromptSyntax;
import dev.latentline.gateway.expand.PromptTemplate;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The LoRAs that a request names, in a field or in its prompt, each pinned by its digest. */
final class LoraFields {
  private final Fields fields;
  private final Optional<ModelCard> model;
  private final OfferedModels models;
  private final List<String> offered;

  /** By name: the order in a request is of no meaning. */
  private final SortedMap<String, Weighted> found = new TreeMap<>();

  private record Weighted(LoraCard card, double weight) {}

  private LoraFields(Fields fields, Optional<ModelCard> model, OfferedModels models) {
    this.fields = fields;
    this.model = model;
    this.models = models;
    this.offered =
        model.map(models::lorasOf).orElse(List.of()).stream().map(LoraCard::name).toList();
  }

  /**
   * Takes the tags that name LoRAs out of the prompt, where its syntax has them.
   *
   * @param request knows its prompts already
   */
  static void read(
      Fields fields,
      Optional<ModelCard> model,
      OfferedModels models,
      GenerationRequest.Builder request) {
    LoraFields loras = new LoraFields(fields, model, models);
    loras.field();
    if (request.getPromptSyntax().equals(PromptSyntax.A1111.id())) {
      loras.tags(request);
    }
    loras.found.values().forEach(lora -> request.addLoras(pinned(lora)));
  }

  private void field() {
    for (Fields lora : fields.objects("loras", Limits.MAX_LORAS).orElse(List.of())) {
      lora.refuseAllBut(List.of("name", "weight"));
      double weight =
          lora.decimal("weight", -Limits.MAX_LORA_WEIGHT, Limits.MAX_LORA_WEIGHT).orElse(1);
      Optional<LoraCard> card = named(lora);
      if (card.isPresent()
          && found.put(card.get().name(), new Weighted(card.get(), weight)) != null) {
        lora.add("name", "duplicate", "Is named twice");
      }
    }
  }

  private Optional<LoraCard> named(Fields lora) {
    Optional<String> name = lora.text("name");
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
    } else if (!fits(card.get())) {
      lora.add(
          "name",
          "lora_unfit",
          "Is a LoRA of another family than the model; the model can have " + offered,
          Allowed.oneOf(offered));
    }
    return card.filter(this::fits);
  }

  private void tags(GenerationRequest.Builder request) {
    if (!NetworkTags.of(request.getNegativePrompt()).isEmpty()) {
      fields.add(
          "negative_prompt",
          "invalid_tag",
          "A tag in < > changes the model for the whole picture: write it into prompt");
    }
    List<NetworkTags.Tag> tags = NetworkTags.of(request.getPrompt());
    if (tags.isEmpty()) {
      return;
    }
    if (request.getDynamicPrompts()
        && NetworkTags.of(PromptTemplate.outsideOfChoices(request.getPrompt())).size()
            < tags.size()) {
      fields.add("prompt", "invalid_tag", ExpandedFields.CHOSEN_TAG);
      return;
    }
    tags.forEach(this::tag);
    if (found.size() > Limits.MAX_LORAS) {
      fields.add(
          "prompt",
          "too_many",
          "With its tags " + found.size() + " LoRAs are named; at most " + Limits.MAX_LORAS);
    }
    String text = NetworkTags.without(request.getPrompt());
    if (!NetworkTags.of(text).isEmpty()) {
      fields.add("prompt", "invalid_tag", "Has a tag within a tag");
    } else if (text.isBlank() && !ImagePromptFields.areIn(request)) {
      fields.add("prompt", "empty", "Has nothing but tags: say what the picture shows");
    }
    request.setPrompt(PromptFields.orNothing(text));
  }

  private void tag(NetworkTags.Tag tag) {
    LoraTag read = LoraTag.of(tag);
    if (read.problem().isPresent()) {
      refuse("invalid_tag", read, read.problem().get());
      return;
    }
    Optional<LoraCard> card =
        read.names().stream().flatMap(name -> models.lora(name).stream()).findFirst();
    if (card.isEmpty()) {
      refuse("unknown_lora", read, " names no LoRA that is here; the model can have " + offered);
    } else if (!fits(card.get())) {
      refuse("lora_unfit", read, " is for another family; the model can have " + offered);
    } else {
      add(read, card.get());
    }
  }

  /** The weights of one that is named several times add up, as they do there. */
  private void add(LoraTag tag, LoraCard card) {
    Weighted sum =
        found.merge(
            card.name(),
            new Weighted(card, tag.weight()),
            (a, b) -> new Weighted(a.card, a.weight + b.weight));
    if (Math.abs(sum.weight) > Limits.MAX_LORA_WEIGHT) {
      refuse(
          "out_of_range",
          tag,
          " must have a weight, or a sum of weights where it is named several times, from "
              + -Limits.MAX_LORA_WEIGHT
              + " to "
              + Limits.MAX_LORA_WEIGHT);
    }
  }

  private void refuse(String code, LoraTag tag, String problem) {
    fields.add("prompt", code, tag.shown() + problem);
  }

  /** Where the model is not known either, that is said alone. */
  private boolean fits(LoraCard card) {
    return model.isEmpty() || offered.contains(card.name());
  }

  private static Lora pinned(Weighted lora) {
    return Lora.newBuilder()
        .setLora(ModelRef.newBuilder().setName(lora.card.name()).setDigest(lora.card.digest()))
        // -0.0 would print, and hash, as another number
        .setWeight(lora.weight == 0 ? 0 : (float) lora.weight)
        .build();
  }
}
