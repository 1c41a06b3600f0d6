package dev.latentline.encoder.text;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.TokenIds;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The text encoders of every model of the catalogue, verified and loaded; models that have the same
 * one share it. Thread-safe.
 */
public final class ModelTextEncoders implements AutoCloseable {
  private final Catalogue catalogue;
  private final Map<String, List<Loaded>> byDigest = new HashMap<>();
  private final Map<Loaded, TextEncoderSession> sessions = new HashMap<>();
  private final EmbeddingCache cache;

  /**
   * @param cacheBytes how much of the embeddings made is kept
   * @throws InvalidCatalogueException when a text encoder's file is not the one of its manifest
   */
  public ModelTextEncoders(Catalogue catalogue, SessionSettings settings, long cacheBytes) {
    this.catalogue = catalogue;
    this.cache = new EmbeddingCache(cacheBytes);
    List<String> problems = new ArrayList<>();
    for (ModelCard model : catalogue.models()) {
      problems.addAll(
          model.verify(
              model.textEncoders().stream()
                  .flatMap(encoder -> model.filesOf(encoder.model()).stream())
                  .toList()));
    }
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(problems);
    }
    for (ModelCard model : catalogue.models()) {
      List<Loaded> encoders = new ArrayList<>();
      for (TextEncoder card : model.textEncoders()) {
        Loaded encoder = Loaded.of(model, card);
        sessions.computeIfAbsent(encoder, absent -> TextEncoderSession.open(model, card, settings));
        encoders.add(encoder);
      }
      byDigest.put(model.digest(), encoders);
    }
  }

  /**
   * The conditioning of a text.
   *
   * @param tokens for each text encoder of the model, in the manifest's order
   * @return states [1, tokens, width]: the encoders' rows side by side, those of chunks one after
   *     the other; pooled of the first chunk
   * @throws Failure.Rejected when this installation does not have the model, or the tokens are not
   *     of it
   */
  public EncodedText encode(
      ModelRef model, List<TokenIds> tokens, TextOptions options, RunStop stop) {
    List<Loaded> encoders = byDigest.get(catalogue.require(model).digest());
    if (encoders.size() != tokens.size()) {
      throw new Failure.Rejected(
          "invalid_tokens",
          "There are tokens for " + tokens.size() + " text encoders, not " + encoders.size());
    }
    List<EncodedText> texts = new ArrayList<>();
    for (int i = 0; i < encoders.size(); i++) {
      Loaded encoder = encoders.get(i);
      List<EncodedText> chunks = new ArrayList<>();
      for (Sequence sequence : Sequence.of(tokens.get(i), encoder.card())) {
        long[] ids = sequence.ids();
        EncodedText text =
            cache.get(
                new Used(encoder, options.clipSkip()),
                ids,
                () -> sessions.get(encoder).encode(ids, options.clipSkip(), stop));
        chunks.add(
            new EncodedText(
                WeightedStates.of(text.states(), sequence.weights(), options.emphasis()),
                text.pooled()));
      }
      texts.add(oneAfterTheOther(chunks));
    }
    return new EncodedText(
        sideBySide(texts.stream().map(EncodedText::states).toList()),
        texts.stream().flatMap(text -> text.pooled().stream()).findFirst());
  }

  private static EncodedText oneAfterTheOther(List<EncodedText> chunks) {
    EncodedText first = chunks.get(0);
    if (chunks.size() == 1) {
      return first;
    }
    int elements = chunks.stream().mapToInt(chunk -> chunk.states().data().length).sum();
    FloatBuffer rows = FloatBuffer.allocate(elements);
    chunks.forEach(chunk -> rows.put(chunk.states().data()));
    long width = first.states().shape()[2];
    return new EncodedText(
        new FloatTensor(new long[] {1, elements / width, width}, rows.array()), first.pooled());
  }

  /**
   * The conditioning of an empty negative prompt: zeros where the model was trained so, otherwise
   * that of an empty text.
   *
   * @param tokens of the empty text, for each text encoder
   */
  public EncodedText encodeNothing(
      ModelRef model, List<TokenIds> tokens, TextOptions options, RunStop stop) {
    EncodedText empty = encode(model, tokens, options, stop);
    return catalogue.require(model).unet().zeroUnconditional() ? empty.zeros() : empty;
  }

  /**
   * @param parts each [1, rows, width of its own]
   * @return [1, rows, sum of the widths]
   */
  static FloatTensor sideBySide(List<FloatTensor> parts) {
    if (parts.size() == 1) {
      return parts.get(0);
    }
    int rows = (int) parts.get(0).shape()[1];
    int width = parts.stream().mapToInt(part -> (int) part.shape()[2]).sum();
    float[] joined = new float[rows * width];
    int column = 0;
    for (FloatTensor part : parts) {
      if (part.shape()[1] != rows) {
        throw new Failure.Rejected(
            "invalid_tokens", "The model's text encoders got sequences of different lengths");
      }
      int partWidth = (int) part.shape()[2];
      for (int row = 0; row < rows; row++) {
        System.arraycopy(part.data(), row * partWidth, joined, row * width + column, partWidth);
      }
      column += partWidth;
    }
    return new FloatTensor(new long[] {1, rows, width}, joined);
  }

  @Override
  public void close() {
    sessions.values().forEach(TextEncoderSession::close);
  }

  /** What decides the states of ids. */
  private record Used(Loaded encoder, int clipSkip) {}

  /** What makes two models' text encoders the same: the files, and how they are used. */
  private record Loaded(Map<String, String> sha256, TextEncoder card) {
    static Loaded of(ModelCard model, TextEncoder card) {
      return new Loaded(model.digestsOf(card.model()), card);
    }
  }
}
