package dev.latentline.gateway.request;

import dev.latentline.contract.Limits;
import dev.latentline.contract.TriggerWords;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextualInversionCard;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The textual inversions whose words are in the prompts of a request, each pinned by its digest;
 * where a field names some, only those.
 */
final class InversionFields {
  private static final String NAME = "textual_inversions";

  /** A name, and behind it @sha256: with 64 digits. */
  private static final int MAX_REFERENCE_CHARS = 64 + 8 + 64;

  private InversionFields() {}

  /**
   * @param request knows already what its prompts become
   */
  static void read(
      Fields fields,
      Optional<ModelCard> model,
      OfferedModels models,
      GenerationRequest.Builder request) {
    if (model.isEmpty()) {
      return;
    }
    List<TextualInversionCard> offered = models.textualInversionsOf(model.get());
    List<TextualInversionCard> chosen = fields.has(NAME) ? named(fields, offered) : offered;
    List<TriggerWords> texts = prompts(request).stream().map(TriggerWords::of).toList();
    List<TextualInversionCard> used =
        chosen.stream()
            .filter(card -> texts.stream().anyMatch(text -> text.have(card.name())))
            .toList();
    if (used.size() > Limits.MAX_TEXTUAL_INVERSIONS) {
      fields.add(
          "prompt",
          "too_many",
          "The prompts have the words of "
              + used.size()
              + " textual inversions; at most "
              + Limits.MAX_TEXTUAL_INVERSIONS);
    }
    for (TextualInversionCard card : used) {
      request.addTextualInversions(
          ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()));
    }
  }

  /** By name, or by name@sha256:{hex} when its digest is that one. */
  private static List<TextualInversionCard> named(
      Fields fields, List<TextualInversionCard> offered) {
    List<String> names = fields.names(NAME, Limits.MAX_TEXTUAL_INVERSIONS, MAX_REFERENCE_CHARS);
    List<String> known = offered.stream().map(TextualInversionCard::name).toList();
    for (String name : names) {
      if (offered.stream().noneMatch(card -> isCalled(card, name))) {
        fields.add(
            NAME,
            "unknown_textual_inversion",
            Text.shown(name)
                + " is not here, or not with that digest, or for another family; the model can have "
                + known,
            Allowed.oneOf(known));
      }
    }
    return offered.stream()
        .filter(card -> names.stream().anyMatch(name -> isCalled(card, name)))
        .toList();
  }

  private static boolean isCalled(TextualInversionCard card, String name) {
    return name.equals(card.name()) || name.equals(card.reference());
  }

  /** Those of all pictures. */
  private static List<String> prompts(GenerationRequest.Builder request) {
    if (request.getExpandedPromptsCount() == 0) {
      return List.of(request.getPrompt(), request.getNegativePrompt());
    }
    List<String> prompts = new ArrayList<>();
    for (ExpandedPrompts expanded : request.getExpandedPromptsList()) {
      prompts.add(expanded.getPrompt());
      prompts.add(
          expanded.hasNegativePrompt()
              ? expanded.getNegativePrompt()
              : request.getNegativePrompt());
    }
    return prompts;
  }
}
