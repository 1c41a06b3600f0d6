package dev.latentline.gateway.request;

import dev.latentline.contract.Emphasis;
import dev.latentline.contract.InputIds;
import dev.latentline.contract.Limits;
import dev.latentline.contract.PromptSyntax;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What the picture shows, and how that is read. */
final class PromptFields {
  static final List<String> NAMES =
      Stream.of(
              List.of("prompt", "negative_prompt"),
              ExpandedFields.NAMES,
              List.of("prompt_syntax", "emphasis", "clip_skip"))
          .flatMap(List::stream)
          .toList();

  private static final String NOTHING_SAID =
      "Say what the picture shows, in words or by image_prompts with a weight above 0";

  private final Fields fields;
  private final GenerationRequest.Builder request;

  private PromptFields(Fields fields, GenerationRequest.Builder request) {
    this.fields = fields;
    this.request = request;
  }

  /**
   * @param request knows its pictures already
   */
  static void read(Fields fields, Optional<ModelCard> card, GenerationRequest.Builder request) {
    PromptFields prompt = new PromptFields(fields, request);
    prompt.texts();
    prompt.syntax(card);
    int layers = card.map(ModelCard::maxClipSkip).orElse(Limits.MAX_CLIP_SKIP);
    request.setClipSkip((int) fields.integer("clip_skip", 1, layers).orElse(1));
  }

  private void texts() {
    prompt(fields, ImagePromptFields.areIn(request)).ifPresent(request::setPrompt);
    fields
        .prose("negative_prompt", Limits.MAX_PROMPT_CODE_POINTS)
        .ifPresent(request::setNegativePrompt);
    request.setDynamicPrompts(fields.flag("dynamic_prompts").orElse(false));
  }

  /**
   * Of the request, or of one of its pictures.
   *
   * @param byPictures whether pictures say what is to be seen: then it may be empty
   */
  static Optional<String> prompt(Fields fields, boolean byPictures) {
    if (!fields.has("prompt") && !byPictures) {
      fields.add("prompt", "missing", NOTHING_SAID);
    }
    Optional<String> prompt = fields.prose("prompt", Limits.MAX_PROMPT_CODE_POINTS);
    if (prompt.isPresent() && prompt.get().isBlank() && !byPictures) {
      fields.add("prompt", "empty", NOTHING_SAID);
    }
    return prompt.map(PromptFields::orNothing);
  }

  /** Notes the id of a picture where it would be drawn as words. */
  static void refuseIds(Fields fields, String name, String text) {
    if (InputIds.isIn(text)) {
      fields.add(
          name,
          "invalid_text",
          "Has the id of a picture, which is one at the beginning of a midjourney prompt only: name"
              + " it in image_prompts");
    }
  }

  /** What has nothing but white space is nothing. */
  static String orNothing(String prompt) {
    return prompt.isBlank() ? "" : prompt;
  }

  private void syntax(Optional<ModelCard> card) {
    PromptSyntax byDefault = card.map(ModelCard::promptSyntax).orElse(PromptSyntax.PLAIN);
    PromptSyntax syntax =
        fields
            .oneOf("prompt_syntax", PromptSyntax.ids())
            .flatMap(PromptSyntax::byId)
            .orElse(byDefault);
    request.setPromptSyntax(syntax.id());
    if (syntax != PromptSyntax.MIDJOURNEY) {
      refuseIds(fields, "prompt", request.getPrompt());
    }
    refuseIds(fields, "negative_prompt", request.getNegativePrompt());
    Optional<String> emphasis = fields.oneOf("emphasis", Emphasis.ids());
    if (syntax == PromptSyntax.A1111) {
      request.setEmphasis(emphasis.orElse(Emphasis.ORIGINAL.id()));
    } else if (emphasis.isPresent()) {
      fields.add(
          "emphasis",
          "not_applicable",
          "It is about weights as a1111 reads them: set prompt_syntax to a1111");
    }
  }
}
