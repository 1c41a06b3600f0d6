package dev.latentline.inference.catalogue;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One text encoder of a model.
 *
 * @param tokenizer path in the model's folder of a Hugging Face tokenizer.json
 * @param model path of the graph; inputs input_ids, attention_mask, and others it may have
 * @param output the graph's output with the states of the tokens, [1, tokens, hiddenSize]
 * @param maxTokens rows of the conditioning, the tokenizer's own tokens at both ends included
 * @param hiddenSize the width of a row
 * @param padId the token that fills every text up to maxTokens, as CLIP wants it; empty where texts
 *     stay as short as they are
 * @param chunks whether texts that are longer go on in further sequences, whose rows follow one
 *     another, and words can be weighted, as users of Stable Diffusion do with CLIP
 * @param skipOutputs the graph's outputs with states that are one layer older than output's, two
 *     layers older, and so on
 * @param pooled what stands for the whole text, which networks such as SDXL's take besides
 * @param joins where its rows stand
 */
public record TextEncoder(
    String tokenizer,
    String model,
    String output,
    int maxTokens,
    int hiddenSize,
    OptionalLong padId,
    boolean chunks,
    List<String> skipOutputs,
    Optional<Pooled> pooled,
    Join joins) {

  public TextEncoder {
    skipOutputs = List.copyOf(skipOutputs);
  }

  /**
   * An output for the whole text.
   *
   * @param output its name; [1, size]
   */
  public record Pooled(String output, int size) {}

  /** Where a text encoder's rows stand in the model's conditioning. */
  public enum Join {
    /** Beside those of the encoder before it, which have the same number of rows. */
    BESIDE,
    /** Below those of the encoders before it. */
    BELOW,
    /** Nowhere: only its pooled output is used. */
    NONE
  }

  /** Of one that takes texts as long as they are. */
  public TextEncoder(String tokenizer, String model, String output, int maxTokens, int hiddenSize) {
    this(
        tokenizer,
        model,
        output,
        maxTokens,
        hiddenSize,
        OptionalLong.empty(),
        false,
        List.of(),
        Optional.empty(),
        Join.BESIDE);
  }

  /** The greatest clipSkip. */
  public int maxClipSkip() {
    return 1 + skipOutputs.size();
  }

  /**
   * @param clipSkip 1 for the states that the model was trained with, 2 for those of the layer
   *     before, and so on
   */
  public String output(int clipSkip) {
    return clipSkip == 1 ? output : skipOutputs.get(clipSkip - 2);
  }
}
