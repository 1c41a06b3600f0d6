package dev.latentline.encoder.text;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.catalogue.TextualInversionCard;
import dev.latentline.inference.inversion.ExtendedVocabulary;
import dev.latentline.inference.inversion.InsertedTokens;
import dev.latentline.inference.lora.ChangedModel;
import dev.latentline.inference.lora.LoraSet;
import dev.latentline.inference.safetensors.InvalidSafetensorsException;
import dev.latentline.inference.session.BoundedSessions;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.TokenIds;
import java.io.IOException;
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
  private final Map<Loaded, ExtendedVocabulary> vocabularies = new HashMap<>();
  private final Map<Loaded, TextEncoderSession> sessions = new HashMap<>();
  private final EmbeddingCache cache;
  private final SessionSettings settings;

  /** By what is loaded, with LoRAs. */
  private final BoundedSessions<WithLoras, TextEncoderSession> changed;

  /**
   * @param cacheBytes how much of the embeddings made is kept
   * @param loraBytes how much of text encoders with LoRAs is kept in memory, beside those without
   * @throws InvalidCatalogueException when a text encoder's file is not the one of its manifest
   */
  public ModelTextEncoders(
      Catalogue catalogue, SessionSettings settings, long cacheBytes, long loraBytes) {
    this.catalogue = catalogue;
    this.settings = settings;
    this.changed = new BoundedSessions<>(loraBytes);
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
        List<TextualInversionCard> inversions = catalogue.textualInversionsOf(model);
        Loaded encoder = Loaded.of(model, card, inversions);
        vocabularies.computeIfAbsent(encoder, absent -> vocabulary(model, card, inversions));
        sessions.computeIfAbsent(
            encoder,
            absent -> TextEncoderSession.open(model, card, vocabularies.get(absent), settings));
        encoders.add(encoder);
      }
      byDigest.put(model.digest(), encoders);
    }
  }

  private static ExtendedVocabulary vocabulary(
      ModelCard model, TextEncoder card, List<TextualInversionCard> inversions) {
    List<String> problems =
        inversions.stream().flatMap(inversion -> inversion.verify().stream()).toList();
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(problems);
    }
    try {
      return ExtendedVocabulary.of(model, card.model(), inversions);
    } catch (IOException | InvalidSafetensorsException e) {
      throw new InvalidCatalogueException(List.of(model.name() + ": " + e.getMessage()));
    }
  }

  /**
   * The conditioning of a text.
   *
   * @param model with the LoRAs that change it
   * @param tokens for each text encoder of the model, in the manifest's order
   * @return states [1, tokens, width]: the encoders' rows side by side, those of chunks one after
   *     the other; pooled of the first chunk
   * @throws Failure.Rejected when this installation does not have the model, or the tokens are not
   *     of it
   */
  public EncodedText encode(
      TextModel model, List<TokenIds> tokens, TextOptions options, RunStop stop) {
    ModelCard card = catalogue.require(model.model());
    LoraSet loras = LoraSet.of(catalogue, card, model.loras());
    List<WithLoras> encoders =
        byDigest.get(card.digest()).stream().map(e -> WithLoras.of(card, e, loras)).toList();
    if (encoders.size() != tokens.size()) {
      throw new Failure.Rejected(
          "invalid_tokens",
          "There are tokens for " + tokens.size() + " text encoders, not " + encoders.size());
    }
    InsertedTokens inserted = InsertedTokens.of(catalogue, card, model.textualInversions());
    List<EncodedText> texts = new ArrayList<>();
    for (int i = 0; i < encoders.size(); i++) {
      WithLoras encoder = encoders.get(i);
      List<EncodedText> chunks = new ArrayList<>();
      for (Sequence sequence : Sequence.of(tokens.get(i), encoder.loaded().card())) {
        long[] ids = vocabularies.get(encoder.loaded()).ids(sequence.ids(), inserted);
        EncodedText text =
            cache.get(
                new Used(encoder, options.clipSkip()),
                ids,
                () -> encode(encoder, ids, options.clipSkip(), stop));
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
      TextModel model, List<TokenIds> tokens, TextOptions options, RunStop stop) {
    EncodedText empty = encode(model, tokens, options, stop);
    return catalogue.require(model.model()).unet().zeroUnconditional() ? empty.zeros() : empty;
  }

  private EncodedText encode(WithLoras encoder, long[] ids, int clipSkip, RunStop stop) {
    ChangedModel part = encoder.part();
    if (part.isUnchanged()) {
      return sessions.get(encoder.loaded()).encode(ids, clipSkip, stop);
    }
    try (BoundedSessions<WithLoras, TextEncoderSession>.Held held =
        changed
            .acquire(encoder, part.bytes(), () -> open(encoder), () -> !stop.stopped())
            .orElseThrow(RunStoppedException::new)) {
      return held.session().encode(ids, clipSkip, stop);
    }
  }

  private TextEncoderSession open(WithLoras encoder) {
    return TextEncoderSession.open(
        encoder.part(), encoder.loaded().card(), vocabularies.get(encoder.loaded()), settings);
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
    changed.close();
    sessions.values().forEach(TextEncoderSession::close);
  }

  /** What decides the states of ids. */
  private record Used(WithLoras encoder, int clipSkip) {}

  /**
   * What makes two models' text encoders the same: the files, how they are used, and which textual
   * inversions they read.
   *
   * @param inversions their digests
   */
  private record Loaded(Map<String, String> sha256, TextEncoder card, List<String> inversions) {
    static Loaded of(ModelCard model, TextEncoder card, List<TextualInversionCard> inversions) {
      return new Loaded(
          model.digestsOf(card.model()),
          card,
          inversions.stream().map(TextualInversionCard::digest).toList());
    }
  }

  /** A text encoder with LoRAs: the same for models that have the same one and the same LoRAs. */
  private record WithLoras(Loaded loaded, ChangedModel part) {
    static WithLoras of(ModelCard model, Loaded loaded, LoraSet loras) {
      return new WithLoras(loaded, ChangedModel.of(model, loaded.card().model(), loras));
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof WithLoras that
          && loaded.equals(that.loaded)
          && part.loras().equals(that.part.loras());
    }

    @Override
    public int hashCode() {
      return 31 * loaded.hashCode() + part.loras().hashCode();
    }
  }
}
