package dev.latentline.prompt.tokenize;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.inversion.InsertedTokens;
import dev.latentline.prompt.grammar.Attention;
import dev.latentline.prompt.tokenize.Chunker.Chunk;
import dev.latentline.proto.v1.AnalyzedTokens;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.TokenIds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The tokenizers of every model of the catalogue, verified and loaded. Thread-safe. */
public final class ModelTokenizers implements AutoCloseable {
  private final Catalogue catalogue;
  private final Map<String, List<TextTokenizer>> byDigest = new HashMap<>();

  /**
   * @throws InvalidCatalogueException when a tokenizer's file is not the one of its manifest
   */
  public ModelTokenizers(Catalogue catalogue) {
    this.catalogue = catalogue;
    List<String> problems = new ArrayList<>();
    for (ModelCard model : catalogue.served()) {
      List<String> found =
          model.verify(model.textEncoders().stream().map(TextEncoder::tokenizer).toList());
      if (found.isEmpty()) {
        byDigest.put(model.digest(), open(model, found));
      }
      // what another model took the place of must not keep the others from their work
      if (!catalogue.isRetired(model)) {
        problems.addAll(found);
      }
    }
    if (!problems.isEmpty()) {
      close();
      throw new InvalidCatalogueException(problems);
    }
  }

  private static List<TextTokenizer> open(ModelCard model, List<String> problems) {
    List<TextTokenizer> tokenizers = new ArrayList<>();
    for (TextEncoder encoder : model.textEncoders()) {
      TextTokenizer tokenizer =
          TextTokenizer.open(model.file(encoder.tokenizer()), encoder.maxTokens());
      tokenizers.add(tokenizer);
      if (encoder.chunks() && !tokenizer.framesByTwo()) {
        problems.add(
            model.name()
                + "/"
                + encoder.tokenizer()
                + ": a text encoder with chunks needs one token before a text and one behind it");
      }
    }
    return tokenizers;
  }

  private List<TextTokenizer> of(ModelRef model) {
    return Optional.ofNullable(byDigest.get(catalogue.require(model).digest()))
        .orElseThrow(
            () ->
                new Failure.Rejected(
                    "model_unavailable",
                    "The tokenizers of the model " + model.getName() + " cannot be read"));
  }

  /**
   * Whether the words of a model's prompts can be weighted, and long ones go on in further chunks.
   *
   * @throws Failure.Rejected as {@link #encode}
   */
  public boolean hasChunks(ModelRef model) {
    return catalogue.require(model).hasChunks();
  }

  /**
   * Rows of a model's conditioning that each chunk of a text becomes, however short it is.
   *
   * @throws Failure.Rejected as {@link #encode}
   */
  public int maxTokens(ModelRef model) {
    return catalogue.require(model).maxTokens();
  }

  /**
   * The ids of a text for each text encoder of a model, in the manifest's order.
   *
   * @throws Failure.Rejected with code {@code model_unavailable} when this installation does not
   *     have the model in that version
   */
  public List<TokenIds> encode(ModelRef model, String text) {
    return of(model).stream().map(tokenizer -> tokenizer.encode(text)).toList();
  }

  /**
   * The ids of texts whose parts have weights, in chunks: all of them get as many as the longest
   * has, at most {@link Limits#MAX_PROMPT_CHUNKS}, so that their conditionings have the same shape.
   *
   * @param model one that {@link #hasChunks}
   * @param inversions whose words stand for vectors
   * @return for each text the ids for each text encoder, in the manifest's order
   */
  public List<List<TokenIds>> encodeChunks(
      ModelRef model, List<List<Attention.Part>> texts, List<ModelRef> inversions) {
    InsertedTokens inserted = InsertedTokens.of(catalogue, catalogue.require(model), inversions);
    List<TextTokenizer> tokenizers = of(model);
    List<List<List<Chunk>>> chunks =
        texts.stream()
            .map(parts -> tokenizers.stream().map(each -> each.chunks(parts, inserted)).toList())
            .toList();
    int longest = chunks.stream().flatMap(List::stream).mapToInt(List::size).max().orElse(1);
    int count = Math.min(longest, Limits.MAX_PROMPT_CHUNKS);
    List<List<TokenIds>> ids = new ArrayList<>();
    for (List<List<Chunk>> ofText : chunks) {
      List<TokenIds> ofEncoders = new ArrayList<>();
      for (int i = 0; i < tokenizers.size(); i++) {
        ofEncoders.add(tokenizers.get(i).framed(ofText.get(i), count));
      }
      ids.add(ofEncoders);
    }
    return ids;
  }

  /** What each text encoder of a model gets of a text, and what is cut, as {@link #encode} does. */
  public List<AnalyzedTokens> analyze(ModelRef model, String text) {
    return analyze(model, tokenizer -> tokenizer.analyze(text));
  }

  /** The same as {@link #encodeChunks} does it, without chunks that only fill up. */
  public List<AnalyzedTokens> analyzeChunks(
      ModelRef model, List<Attention.Part> parts, List<ModelRef> inversions) {
    InsertedTokens inserted = InsertedTokens.of(catalogue, catalogue.require(model), inversions);
    return analyze(model, tokenizer -> tokenizer.analyze(parts, inserted));
  }

  private List<AnalyzedTokens> analyze(
      ModelRef model, Function<TextTokenizer, AnalyzedTokens> analysis) {
    return joined(of(model).stream().map(analysis).toList());
  }

  /** Encoders that get the same are one. */
  static List<AnalyzedTokens> joined(List<AnalyzedTokens> ofEncoders) {
    Map<AnalyzedTokens, List<Integer>> encoders = new LinkedHashMap<>();
    for (int i = 0; i < ofEncoders.size(); i++) {
      encoders.computeIfAbsent(ofEncoders.get(i), none -> new ArrayList<>()).add(i);
    }
    return encoders.entrySet().stream()
        .map(each -> each.getKey().toBuilder().addAllEncoders(each.getValue()).build())
        .toList();
  }

  @Override
  public void close() {
    byDigest.values().forEach(tokenizers -> tokenizers.forEach(TextTokenizer::close));
  }
}
