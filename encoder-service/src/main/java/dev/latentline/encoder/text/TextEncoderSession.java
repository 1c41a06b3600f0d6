package dev.latentline.encoder.text;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.inversion.ExtendedVocabulary;
import dev.latentline.inference.lora.ModelPart;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
import dev.latentline.inference.tensor.TensorRecords;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** One text encoder of a model, loaded. Thread-safe. */
public final class TextEncoderSession implements AutoCloseable {
  private static final String IDS = "input_ids";
  private static final String MASK = "attention_mask";
  private static final String SEGMENTS = "token_type_ids";

  private final TextEncoder card;

  /** By how much the ids of its own tokens are greater than the tokenizer's. */
  private final long shift;

  private final ModelSession session;

  private TextEncoderSession(TextEncoder card, long shift, ModelSession session) {
    this.card = card;
    this.shift = shift;
    this.session = session;
  }

  /**
   * Also encodes a text of the greatest length: the first run is the slowest.
   *
   * @param part whose files are verified
   * @param vocabulary of this text encoder
   */
  public static TextEncoderSession open(
      ModelPart part, TextEncoder card, ExtendedVocabulary vocabulary, SessionSettings settings) {
    return warm(card, vocabulary.shift(), part.open(vocabulary.weights(), settings));
  }

  private static TextEncoderSession warm(TextEncoder card, long shift, ModelSession loaded) {
    TextEncoderSession session = new TextEncoderSession(card, shift, loaded);
    try {
      session.encode(new long[card.maxTokens()], 1, new RunStop());
      return session;
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /**
   * The states of a sequence's tokens.
   *
   * @param ids of this encoder's vocabulary, 1 to its max_tokens
   * @param clipSkip 1 for the layer that the model was trained with, 2 for the one before
   * @return states [1, ids, hidden_size], or [1, max_tokens, hidden_size] where texts are padded
   * @throws Failure.Rejected with code {@code invalid_tokens} when there are none or too many, or
   *     {@code unsupported_request} when there are not so many layers
   */
  public EncodedText encode(long[] ids, int clipSkip, RunStop stop) {
    if (clipSkip < 1 || clipSkip > card.maxClipSkip()) {
      throw new Failure.Rejected(
          "unsupported_request",
          "clip_skip is " + clipSkip + ", the model takes 1 to " + card.maxClipSkip());
    }
    if (ids.length == 0 || ids.length > card.maxTokens()) {
      throw new Failure.Rejected(
          "invalid_tokens",
          "A text has " + ids.length + " tokens, the model takes 1 to " + card.maxTokens());
    }
    long[] padded = padded(ids);
    long[] shape = {1, padded.length};
    long[] ones = new long[padded.length];
    Arrays.fill(ones, 1);
    Map<String, LongTensor> values = new HashMap<>();
    for (String input : session.inputs().keySet()) {
      values.put(
          input,
          switch (input) {
            case IDS -> new LongTensor(shape, padded);
            case MASK -> new LongTensor(shape, ones);
            case SEGMENTS -> new LongTensor(shape, new long[padded.length]);
            default ->
                throw new Failure.Rejected(
                    "invalid_model", "The text encoder has an unknown input " + input);
          });
    }
    String output = card.output(clipSkip);
    Set<String> wanted = new HashSet<>(Set.of(output));
    card.pooled().ifPresent(pooled -> wanted.add(pooled.output()));
    Map<String, FloatTensor> outputs = session.run(values, wanted, stop);
    return new EncodedText(
        TensorRecords.require(
            outputs.get(output), "An embedding", 1, padded.length, card.hiddenSize()),
        card.pooled()
            .map(
                pooled ->
                    TensorRecords.require(
                        outputs.get(pooled.output()), "A pooled text", 1, pooled.size())));
  }

  private long[] padded(long[] ids) {
    if (card.padId().isEmpty()) {
      return ids;
    }
    long[] padded = Arrays.copyOf(ids, card.maxTokens());
    Arrays.fill(padded, ids.length, padded.length, card.padId().getAsLong() + shift);
    return padded;
  }

  @Override
  public void close() {
    session.close();
  }
}
