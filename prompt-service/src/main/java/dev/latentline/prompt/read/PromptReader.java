package dev.latentline.prompt.read;

import dev.latentline.contract.Emphasis;
import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.contract.NetworkTags;
import dev.latentline.contract.PromptSyntax;
import dev.latentline.kit.record.PromptsByImage;
import dev.latentline.prompt.grammar.Attention;
import dev.latentline.prompt.grammar.Composition;
import dev.latentline.prompt.grammar.MultiPrompt;
import dev.latentline.prompt.tokenize.ModelTokenizers;
import dev.latentline.proto.v1.AnalyzedText;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.TokenIds;
import dev.latentline.proto.v1.TokenizedConditioning;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Reads the prompts of a request in the syntax that it asks for. Thread-safe. */
public final class PromptReader {
  private final ModelTokenizers tokenizers;
  private final int mostTokens;

  public PromptReader(ModelTokenizers tokenizers) {
    this(tokenizers, Limits.MAX_PROMPT_TOKENS);
  }

  /**
   * @param mostTokens of all texts of one picture, filled up
   */
  PromptReader(ModelTokenizers tokenizers, int mostTokens) {
    this.tokenizers = tokenizers;
    this.mostTokens = mostTokens;
  }

  /**
   * The conditionings of all pictures of a request, each with the pictures that it is for.
   *
   * @throws Failure.Rejected with code {@code model_unavailable} when this installation does not
   *     have the model, or {@code unsupported_prompt} when a prompt cannot be what it says
   */
  public List<TokenizedConditioning> read(GenerationRequest request) {
    Collection<List<Integer>> groups = PromptsByImage.groups(request);
    if (groups.size() == 1) {
      return readOne(PromptsByImage.of(request, 0));
    }
    return groups.stream()
        .flatMap(
            images ->
                readOne(PromptsByImage.of(request, images.get(0))).stream()
                    .map(text -> text.toBuilder().addAllImages(images).build()))
        .toList();
  }

  /**
   * The same texts for people: by what names the tokenizers know their tokens, and what is cut.
   *
   * @throws Failure.Rejected as {@link #read}
   */
  public List<AnalyzedText> analyze(GenerationRequest request) {
    Collection<List<Integer>> groups = PromptsByImage.groups(request);
    return groups.stream()
        .flatMap(
            images ->
                analyzeOne(PromptsByImage.of(request, images.get(0))).stream()
                    .map(
                        text ->
                            groups.size() == 1
                                ? text
                                : text.toBuilder().addAllImages(images).build()))
        .toList();
  }

  /**
   * What the grammar made of the prompts of a picture.
   *
   * @param parts of each of the texts
   * @param chunked whether they go on in further chunks
   * @param pictures beside the texts
   */
  private record Reading(
      List<StepText> texts,
      List<List<Attention.Part>> parts,
      boolean chunked,
      PicturePrompts pictures) {}

  private Reading reading(GenerationRequest request) {
    PromptSyntax syntax = syntax(request);
    PicturePrompts pictures = PicturePrompts.of(request);
    List<StepText> texts =
        pictures.among(
            switch (syntax) {
              case PLAIN -> plain(request);
              case A1111 -> texts(request, pictures.count());
              case MIDJOURNEY -> multiPrompt(request, pictures.count());
            });
    Emphasis emphasis = syntax == PromptSyntax.A1111 ? emphasis(request) : Emphasis.NONE;
    return new Reading(
        texts,
        texts.stream().map(text -> parts(text.text(), emphasis)).toList(),
        syntax != PromptSyntax.PLAIN && tokenizers.hasChunks(request.getModel()),
        pictures);
  }

  private static List<StepText> plain(GenerationRequest request) {
    return List.of(
        StepText.always(Role.POSITIVE, request.getPrompt()),
        StepText.always(Role.NEGATIVE, request.getNegativePrompt()));
  }

  private List<TokenizedConditioning> readOne(GenerationRequest request) {
    return encode(request, reading(request));
  }

  private List<AnalyzedText> analyzeOne(GenerationRequest request) {
    Reading reading = reading(request);
    // what a generation would fail with is found here too
    encode(request, reading);
    return IntStream.range(0, reading.texts.size())
        .mapToObj(
            i -> {
              List<Attention.Part> parts = reading.parts.get(i);
              return reading
                  .texts
                  .get(i)
                  .analyzed(
                      reading.chunked
                          ? tokenizers.analyzeChunks(
                              request.getModel(), parts, request.getTextualInversionsList())
                          : tokenizers.analyze(request.getModel(), withoutWeights(parts)));
            })
        .toList();
  }

  private List<TokenizedConditioning> encode(GenerationRequest request, Reading reading) {
    List<StepText> texts = reading.texts;
    List<List<TokenIds>> ids = ids(request.getModel(), request.getTextualInversionsList(), reading);
    refuseTooLarge(request.getModel(), ids, reading.pictures.count());
    List<TokenizedConditioning> read =
        IntStream.range(0, texts.size()).mapToObj(i -> texts.get(i).of(ids.get(i))).toList();
    if (!request.hasRefiner()) {
      return Stream.concat(read.stream(), reading.pictures.conditionings().stream()).toList();
    }
    if (reading.pictures.count() > 0) {
      throw unsupported("A refiner is not prompted by pictures: leave one of them out");
    }
    return withRefiner(request.getRefiner().getRefiner(), read, reading);
  }

  /** What networks get is of one length: that of the longest text, in whole chunks. */
  private void refuseTooLarge(ModelRef model, List<List<TokenIds>> ids, int pictures) {
    int chunks = ids.stream().mapToInt(text -> text.get(0).getChunksCount()).max().orElse(0);
    int tokens = Math.max(1, chunks) * tokenizers.maxTokens(model);
    int together = (ids.size() + pictures) * tokens;
    // a prompt and a negative prompt go together with every model
    int most = Math.max(mostTokens, 2 * tokenizers.maxTokens(model));
    if (together > most) {
      throw unsupported(
          "The prompts are "
              + ids.size()
              + " different texts"
              + (pictures > 0 ? ", beside " + pictures + " pictures" : "")
              + ", each filled up to "
              + tokens
              + " tokens: "
              + together
              + " together; at most "
              + most
              + " can be");
    }
  }

  /** The same texts for a refiner, with its own tokens: it has not learnt the model's words. */
  private List<TokenizedConditioning> withRefiner(
      ModelRef refiner, List<TokenizedConditioning> texts, Reading reading) {
    List<List<TokenIds>> ids = ids(refiner, List.of(), reading);
    refuseTooLarge(refiner, ids, 0);
    return IntStream.range(0, texts.size())
        .mapToObj(i -> texts.get(i).toBuilder().addAllRefinerEncoders(ids.get(i)).build())
        .toList();
  }

  /** For each text those for each text encoder. */
  private List<List<TokenIds>> ids(ModelRef model, List<ModelRef> inversions, Reading reading) {
    return reading.chunked
        ? tokenizers.encodeChunks(model, reading.parts, inversions)
        : reading.parts.stream()
            .map(text -> tokenizers.encode(model, withoutWeights(text)))
            .toList();
  }

  /** AND joins prompts; in a negative prompt it is a word, as there. */
  private static List<StepText> texts(GenerationRequest request, int pictures) {
    refuseTags(request.getPrompt());
    refuseTags(request.getNegativePrompt());
    List<Composition.Prompt> prompts = Composition.of(request.getPrompt());
    refuseTooMany("AND joins ", prompts.size(), pictures);
    List<StepText> texts = new ArrayList<>();
    for (Composition.Prompt prompt : prompts) {
      if (!(Math.abs(prompt.weight()) <= Limits.MAX_PROMPT_WEIGHT)) {
        throw unsupported(
            "A prompt's weight is more than " + (int) Limits.MAX_PROMPT_WEIGHT + " away from 0");
      }
      texts.addAll(
          StepText.of(Role.POSITIVE, prompt.text(), (float) prompt.weight(), request.getSteps()));
    }
    texts.addAll(StepText.of(Role.NEGATIVE, request.getNegativePrompt(), 1, request.getSteps()));
    if (texts.size() + pictures > Limits.MAX_PROMPT_TEXTS) {
      throw unsupported(
          "The prompts are "
              + texts.size()
              + " different texts in the course of the steps; at most "
              + (Limits.MAX_PROMPT_TEXTS - pictures)
              + " can be");
    }
    return texts;
  }

  /**
   * Weights are parts of their sum, so that guidance is as strong as with one prompt. A prompt of
   * no weight is none.
   */
  private static List<StepText> multiPrompt(GenerationRequest request, int pictures) {
    if (pictures > 0 && request.getPrompt().isBlank()) {
      return plain(request);
    }
    List<Composition.Prompt> prompts =
        MultiPrompt.of(request.getPrompt()).stream().filter(each -> each.weight() != 0).toList();
    refuseTooMany(":: joins ", prompts.size(), pictures);
    double sum = prompts.stream().mapToDouble(Composition.Prompt::weight).sum();
    // not NaN either
    if (!(sum > 0)) {
      throw unsupported("The weights of all texts behind :: must together be more than 0");
    }
    List<StepText> texts = new ArrayList<>();
    for (Composition.Prompt prompt : prompts) {
      double weight = prompt.weight() / sum;
      if (!(Math.abs(weight) <= Limits.MAX_PROMPT_WEIGHT)) {
        throw unsupported(
            "A prompt's weight behind :: is more than "
                + (int) Limits.MAX_PROMPT_WEIGHT
                + " times that of all together");
      }
      texts.add(new StepText(Role.POSITIVE, prompt.text(), (float) weight, List.of()));
    }
    texts.add(StepText.always(Role.NEGATIVE, request.getNegativePrompt()));
    return texts;
  }

  private static void refuseTooMany(String joins, int prompts, int pictures) {
    if (prompts + pictures > Limits.MAX_PROMPTS_JOINED) {
      throw unsupported(
          joins
              + prompts
              + " prompts"
              + (pictures > 0 ? ", beside " + pictures + " pictures" : "")
              + "; at most "
              + Limits.MAX_PROMPTS_JOINED
              + " can be");
    }
  }

  /** The gateway takes them out of what it accepts: none must be drawn as words. */
  private static void refuseTags(String text) {
    if (!NetworkTags.of(text).isEmpty()) {
      throw unsupported("A prompt has a tag in < >, which changes nothing here: leave it out");
    }
  }

  private static List<Attention.Part> parts(String text, Emphasis emphasis) {
    if (emphasis == Emphasis.NONE) {
      return List.of(new Attention.Part.Weighted(text, 1));
    }
    return Attention.parse(text).stream().map(part -> weighed(part, emphasis)).toList();
  }

  private static Attention.Part weighed(Attention.Part part, Emphasis emphasis) {
    if (!(part instanceof Attention.Part.Weighted text)) {
      return part;
    }
    // not NaN either
    if (!(Math.abs(text.weight()) <= Limits.MAX_PROMPT_WEIGHT)) {
      throw unsupported(
          "A word's weight in a prompt is more than "
              + (int) Limits.MAX_PROMPT_WEIGHT
              + " away from 0");
    }
    return emphasis == Emphasis.IGNORE ? new Attention.Part.Weighted(text.text(), 1) : text;
  }

  /** For a text encoder that was not trained on anything of the kind. */
  private static String withoutWeights(List<Attention.Part> parts) {
    StringBuilder plain = new StringBuilder();
    for (Attention.Part part : parts) {
      if (!(part instanceof Attention.Part.Weighted text) || text.weight() != 1) {
        throw unsupported(
            "The model's text encoder knows no weights, ( ) or [ ] around words, and no BREAK: "
                + "leave them out, put a backslash before a bracket that is text, "
                + "or set prompt_syntax to plain");
      }
      plain.append(text.text());
    }
    return plain.toString();
  }

  /** A record from before there was a choice is plain. */
  private static PromptSyntax syntax(GenerationRequest request) {
    return request.getPromptSyntax().isEmpty()
        ? PromptSyntax.PLAIN
        : PromptSyntax.byId(request.getPromptSyntax())
            .orElseThrow(() -> unsupported("The prompt's syntax is not known here"));
  }

  private static Emphasis emphasis(GenerationRequest request) {
    return request.getEmphasis().isEmpty()
        ? Emphasis.ORIGINAL
        : Emphasis.byId(request.getEmphasis())
            .orElseThrow(() -> unsupported("The emphasis is not known here"));
  }

  private static Failure.Rejected unsupported(String reason) {
    return new Failure.Rejected("unsupported_prompt", reason);
  }
}
