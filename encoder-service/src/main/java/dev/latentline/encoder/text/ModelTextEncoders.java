package dev.latentline.encoder.text;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.catalogue.TextualInversionCard;
import dev.latentline.inference.inversion.ExtendedVocabulary;
import dev.latentline.inference.inversion.InsertedTokens;
import dev.latentline.inference.lora.LoraSet;
import dev.latentline.inference.lora.ModelPart;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The text encoders of the catalogue's models, with LoRAs where these change them, which are loaded
 * when a text needs them and stay while there is room; models that have the same one share it.
 * Those that pools.yaml names are there from the start, as far as they fit. Thread-safe.
 */
public final class ModelTextEncoders implements AutoCloseable {
  private final Catalogue catalogue;
  private final SessionSettings settings;
  private final BoundedSessions<Encoder, TextEncoderSession> sessions;
  private final Map<Words, ExtendedVocabulary> vocabularies = new ConcurrentHashMap<>();
  private final EmbeddingCache cache;

  /**
   * @param cacheBytes how much of the embeddings made is kept
   * @param maxBytes how much of text encoders is kept in memory, each counted with its weights in
   *     fp32
   * @throws InvalidCatalogueException when the files of a text encoder that is loaded at the start
   *     are not those of its manifest
   */
  public ModelTextEncoders(
      Catalogue catalogue, SessionSettings settings, long cacheBytes, long maxBytes) {
    this.catalogue = catalogue;
    this.settings = settings;
    this.sessions = new BoundedSessions<>(maxBytes);
    this.cache = new EmbeddingCache(cacheBytes);
    List<Encoder> named =
        catalogue.namedModels().stream()
            .flatMap(model -> encoders(model, LoraSet.NONE).stream())
            .toList();
    List<ModelPart> atStart =
        ModelPart.loadedAtStart(named.stream().map(Encoder::part).toList(), maxBytes);
    try {
      for (Encoder encoder : named) {
        if (atStart.contains(encoder.part())) {
          vocabulary(encoder);
          acquire(encoder, () -> open(encoder), new RunStop()).close();
        }
      }
    } catch (RuntimeException e) {
      sessions.close();
      throw e;
    }
  }

  private List<Encoder> encoders(ModelCard model, LoraSet loras) {
    List<TextualInversionCard> inversions = catalogue.textualInversionsOf(model);
    return model.textEncoders().stream()
        .map(card -> new Encoder(ModelPart.of(model, card.model(), loras), card, inversions))
        .toList();
  }

  private ExtendedVocabulary vocabulary(Encoder encoder) {
    return vocabularies.computeIfAbsent(
        encoder.words(),
        absent -> vocabulary(encoder.part().model(), encoder.card(), encoder.inversions()));
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
   * @return states [1, tokens, width]: the encoders' rows as the model joins them, those of chunks
   *     one after the other; pooled of the first chunk, that of all encoders
   * @throws Failure.Rejected when this installation does not have the model, or the tokens are not
   *     of it
   */
  public EncodedText encode(
      TextModel model, List<TokenIds> tokens, TextOptions options, RunStop stop) {
    ModelCard card = catalogue.require(model.model());
    List<Encoder> encoders = encoders(card, LoraSet.of(catalogue, card, model.loras()));
    if (encoders.size() != tokens.size()) {
      throw new Failure.Rejected(
          "invalid_tokens",
          "There are tokens for " + tokens.size() + " text encoders, not " + encoders.size());
    }
    InsertedTokens inserted = InsertedTokens.of(catalogue, card, model.textualInversions());
    List<EncodedText> texts = new ArrayList<>();
    for (int i = 0; i < encoders.size(); i++) {
      Encoder encoder = encoders.get(i);
      List<EncodedText> chunks = new ArrayList<>();
      for (Sequence sequence : Sequence.of(tokens.get(i), encoder.card())) {
        long[] ids = vocabulary(encoder).ids(sequence.ids(), inserted);
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
    return JoinedTexts.of(card, texts);
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

  private EncodedText encode(Encoder encoder, long[] ids, int clipSkip, RunStop stop) {
    try (BoundedSessions<Encoder, TextEncoderSession>.Held held =
        acquire(encoder, () -> openVerified(encoder), stop)) {
      return held.session().encode(ids, clipSkip, stop);
    }
  }

  private BoundedSessions<Encoder, TextEncoderSession>.Held acquire(
      Encoder encoder, Supplier<TextEncoderSession> load, RunStop stop) {
    return sessions
        .acquire(encoder, encoder.part().bytes(), load, () -> !stop.stopped())
        .orElseThrow(RunStoppedException::new);
  }

  private TextEncoderSession openVerified(Encoder encoder) {
    return open(new Encoder(encoder.part().verified(), encoder.card(), encoder.inversions()));
  }

  private TextEncoderSession open(Encoder encoder) {
    return TextEncoderSession.open(encoder.part(), encoder.card(), vocabulary(encoder), settings);
  }

  @Override
  public void close() {
    sessions.close();
  }

  /** What decides the states of ids. */
  private record Used(Encoder encoder, int clipSkip) {}

  /**
   * What makes two text encoders the same: the files with their LoRAs, how they are used, and which
   * textual inversions they read.
   */
  private record Encoder(ModelPart part, TextEncoder card, List<TextualInversionCard> inversions) {
    Words words() {
      return new Words(ModelPart.of(part.model(), part.graph()), digests());
    }

    private List<String> digests() {
      return inversions.stream().map(TextualInversionCard::digest).toList();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Encoder that
          && part.equals(that.part)
          && card.equals(that.card)
          && digests().equals(that.digests());
    }

    @Override
    public int hashCode() {
      return Objects.hash(part, card, digests());
    }
  }

  /**
   * What makes two vocabularies the same.
   *
   * @param inversions their digests
   */
  private record Words(ModelPart part, List<String> inversions) {}
}
