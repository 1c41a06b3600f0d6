package dev.latentline.gateway.request;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.contract.NetworkTags;
import dev.latentline.contract.PromptSyntax;
import dev.latentline.gateway.expand.Draws;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.gateway.expand.PromptTemplate;
import dev.latentline.gateway.expand.Style;
import dev.latentline.gateway.expand.TemplateException;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;

/**
 * What the prompts of a request become for each picture, once: where the request says what they
 * became, nothing is drawn or looked up again.
 */
final class ExpandedFields {
  static final List<String> NAMES = List.of("styles", "dynamic_prompts", "expanded_prompts");

  /** A picture cannot have a model of its own. */
  static final String CHOSEN_TAG =
      "A tag changes the model for all pictures: write it into prompt, outside of choices";

  /** What a request grows by when its defaults, and the digests of what it names, are filled in. */
  private static final int DEFAULTS_BYTES = 8 * 1024;

  private final Fields fields;
  private final Presets presets;
  private final Optional<MidjourneyParameters> parameters;
  private final GenerationRequest.Builder request;

  /** Whether pictures say what is to be seen, so that no text has to. */
  private final boolean byPictures;

  /** The prompts in their styles. */
  private String prompt;

  private String negativePrompt;

  /**
   * @param parameters that stand behind the prompt, where its syntax has some
   * @param request with its prompts, without tags, and with pictures, seed and count
   */
  ExpandedFields(
      Fields fields,
      Presets presets,
      Optional<MidjourneyParameters> parameters,
      GenerationRequest.Builder request) {
    this.fields = fields;
    this.presets = presets;
    this.parameters = parameters;
    this.request = request;
    this.byPictures = ImagePromptFields.areIn(request);
    this.prompt = parameters.map(MidjourneyParameters::text).orElse(request.getPrompt());
    this.negativePrompt = request.getNegativePrompt();
  }

  /**
   * @param bodyBytes of the body that it came as
   */
  void read(int bodyBytes) {
    request.addAllStyles(fields.names("styles", Limits.MAX_STYLES, Limits.MAX_STYLE_NAME_CHARS));
    if (fields.has("expanded_prompts")) {
      given();
    } else if ((byPictures || !prompt.isBlank()) && styled()) {
      expand();
      refuseTooLarge(bodyBytes);
    }
  }

  private void given() {
    if (!request.getDynamicPrompts() && request.getStylesCount() == 0 && parameters.isEmpty()) {
      fields.add(
          "expanded_prompts",
          "not_applicable",
          "It is what styles, dynamic_prompts or parameters made of the prompts: leave it out");
      return;
    }
    Optional<List<Fields>> read = fields.objects("expanded_prompts", Limits.MAX_COUNT);
    if (read.isEmpty()) {
      return;
    }
    List<Fields> pairs = read.get();
    if (pairs.size() != 1 && pairs.size() != request.getCount()) {
      fields.add(
          "expanded_prompts",
          "not_allowed",
          "Give one for each of the " + request.getCount() + " pictures, or one for all");
      return;
    }
    for (Fields pair : pairs) {
      pair.refuseAllBut(List.of("prompt", "negative_prompt"));
      ExpandedPrompts.Builder prompts = ExpandedPrompts.newBuilder();
      PromptFields.prompt(pair, byPictures).ifPresent(prompts::setPrompt);
      pair.prose("negative_prompt", Limits.MAX_PROMPT_CODE_POINTS)
          .ifPresent(prompts::setNegativePrompt);
      PromptFields.refuseIds(pair, "prompt", prompts.getPrompt());
      PromptFields.refuseIds(pair, "negative_prompt", prompts.getNegativePrompt());
      if (bringsTag(prompts.getPrompt(), prompts.getNegativePrompt())) {
        pair.add("prompt", "invalid_tag", CHOSEN_TAG);
      }
      request.addExpandedPrompts(prompts);
    }
  }

  /** Puts the styles around the prompts; false where that cannot be. */
  private boolean styled() {
    boolean known = true;
    for (int i = 0; i < request.getStylesCount(); i++) {
      String name = request.getStyles(i);
      Optional<Style> style = presets.styles().find(name);
      if (style.isPresent()) {
        prompt = style.get().onPrompt(prompt);
        negativePrompt = style.get().onNegativePrompt(negativePrompt);
      } else {
        known = false;
        List<String> near = presets.styles().near(name);
        fields.add(
            "styles[" + i + "]",
            "unknown_style",
            "There is no style " + Text.shown(name) + ": see GET /v1/styles",
            Allowed.oneOf(near));
      }
      if (Text.isTooLong(prompt) || Text.isTooLong(negativePrompt)) {
        fields.add(
            "styles",
            "too_long",
            "With them a prompt has more than " + Limits.MAX_PROMPT_CODE_POINTS + " characters");
        return false;
      }
    }
    return known;
  }

  private void expand() {
    boolean unwanted = parameters.filter(MidjourneyParameters::hasUnwanted).isPresent();
    if (prompt.isBlank() && unwanted) {
      refuseUnwanted("");
      return;
    }
    String wanted = prompt;
    prompt = parameters.map(behind -> behind.withUnwanted(prompt)).orElse(prompt);
    boolean sameAsRequest = prompt.equals(request.getPrompt());
    if (request.getDynamicPrompts()) {
      if (!unwanted || leavesText(wanted)) {
        draw();
      }
    } else if (bringsTag(prompt, negativePrompt)) {
      fields.add("styles", "invalid_tag", CHOSEN_TAG);
    } else if (request.getStylesCount() > 0 || !sameAsRequest) {
      request.addExpandedPrompts(pair(prompt, negativePrompt));
    }
  }

  private void refuseUnwanted(String where) {
    fields.add(
        "prompt",
        "invalid_parameter",
        "--no takes from what the text shows, and there is none"
            + where
            + ": name it in negative_prompt");
  }

  /** Whether what stands before --no is something whatever is chosen. */
  private boolean leavesText(String wanted) {
    Optional<LongFunction<String>> template = template("prompt", wanted, Draws::ofPrompt);
    if (template.isEmpty()) {
      return false;
    }
    for (int index = 0; index < request.getCount(); index++) {
      Optional<String> text = expand("prompt", template.get(), request.getSeed() + index);
      if (text.isEmpty()) {
        return false;
      }
      if (text.get().isBlank()) {
        refuseUnwanted(" for picture " + index);
        return false;
      }
    }
    return true;
  }

  private void draw() {
    Optional<LongFunction<String>> shown = template("prompt", prompt, Draws::ofPrompt);
    Optional<LongFunction<String>> unwanted =
        template("negative_prompt", negativePrompt, Draws::ofNegativePrompt);
    if (shown.isEmpty() || unwanted.isEmpty()) {
      return;
    }
    List<ExpandedPrompts> expanded = new ArrayList<>();
    for (int index = 0; index < request.getCount(); index++) {
      long seed = request.getSeed() + index;
      Optional<String> shows = expand("prompt", shown.get(), seed);
      Optional<String> showsNot = expand("negative_prompt", unwanted.get(), seed);
      if (shows.isEmpty() || showsNot.isEmpty()) {
        return;
      }
      if (shows.get().isBlank() && !byPictures) {
        fields.add("prompt", "empty", "Nothing is left of it for picture " + index);
        return;
      }
      if (bringsTag(shows.get(), showsNot.get())) {
        fields.add("prompt", "invalid_tag", CHOSEN_TAG);
        return;
      }
      expanded.add(pair(shows.get(), showsNot.get()));
    }
    boolean alike = expanded.stream().distinct().count() == 1;
    request.addAllExpandedPrompts(alike ? expanded.subList(0, 1) : expanded);
  }

  /** Those that the request itself still has were refused before. */
  private boolean bringsTag(String shows, String showsNot) {
    return (hasTag(shows) || hasTag(showsNot))
        && !hasTag(request.getPrompt())
        && !hasTag(request.getNegativePrompt());
  }

  private boolean hasTag(String text) {
    return request.getPromptSyntax().equals(PromptSyntax.A1111.id())
        && !NetworkTags.of(text).isEmpty();
  }

  private ExpandedPrompts pair(String shows, String showsNot) {
    ExpandedPrompts.Builder pair =
        ExpandedPrompts.newBuilder().setPrompt(PromptFields.orNothing(shows));
    if (!showsNot.equals(request.getNegativePrompt())) {
      pair.setNegativePrompt(showsNot);
    }
    return pair.build();
  }

  private Optional<LongFunction<String>> template(
      String field, String text, LongFunction<Draws> draws) {
    try {
      PromptTemplate template = PromptTemplate.parse(text, presets.wildcards());
      return Optional.of(seed -> template.expand(draws.apply(seed)));
    } catch (TemplateException e) {
      fields.add(field, e.code(), e.getMessage());
      return Optional.empty();
    }
  }

  private Optional<String> expand(String field, LongFunction<String> template, long seed) {
    try {
      return Optional.of(template.apply(seed));
    } catch (TemplateException e) {
      fields.add(field, e.code(), e.getMessage());
      return Optional.empty();
    }
  }

  /** The request with what it became must be one that can be sent again. */
  private void refuseTooLarge(int bodyBytes) {
    if (request.getExpandedPromptsCount() == 0) {
      return;
    }
    ArrayNode pairs = JsonNodeFactory.instance.arrayNode();
    for (ExpandedPrompts prompts : request.getExpandedPromptsList()) {
      ObjectNode pair = pairs.addObject().put("prompt", prompts.getPrompt());
      if (prompts.hasNegativePrompt()) {
        pair.put("negative_prompt", prompts.getNegativePrompt());
      }
    }
    if (bodyBytes + StrictJson.write(pairs).length + DEFAULTS_BYTES > Limits.MAX_JSON_BYTES) {
      fields.add(
          request.getCount() > 1 ? "count" : "prompt",
          "too_long",
          "With the expanded prompts of all pictures the request is longer than "
              + Limits.MAX_JSON_BYTES
              + " bytes: ask for fewer pictures at once, or for shorter texts");
      // nobody is to look for words in all of it
      request.clearExpandedPrompts();
    }
  }
}
