package dev.latentline.prompt.tokenize;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.latentline.proto.v1.TokenIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * One tokenizer of a model, with the length of context that its text encoder takes. Thread-safe.
 */
public final class TextTokenizer implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;
  private final int maxTokens;

  private TextTokenizer(HuggingFaceTokenizer tokenizer, int maxTokens) {
    this.tokenizer = tokenizer;
    this.maxTokens = maxTokens;
  }

  /**
   * @param file a Hugging Face tokenizer.json; what it says of truncation and padding is not used
   * @param maxTokens the longest sequence, the tokenizer's own tokens at both ends included
   */
  public static TextTokenizer open(Path file, int maxTokens) {
    try {
      return new TextTokenizer(
          HuggingFaceTokenizer.builder()
              .optTokenizerPath(file)
              .optTruncation(false)
              .optPadding(false)
              .optAddSpecialTokens(true)
              .build(),
          maxTokens);
    } catch (IOException e) {
      throw new UncheckedIOException("the tokenizer " + file.getFileName() + " cannot be read", e);
    }
  }

  /**
   * The ids of a text, framed by the tokenizer's own tokens. What does not fit is cut from the end
   * of the text and counted; the frame stays.
   */
  public TokenIds encode(String text) {
    Encoding encoding = tokenizer.encode(text);
    long[] ids = encoding.getIds();
    int cut = Math.max(0, ids.length - maxTokens);
    int closing = closing(encoding.getSpecialTokenMask());
    TokenIds.Builder tokens = TokenIds.newBuilder().setCut(cut);
    int textEnd = ids.length - closing - cut;
    for (int i = 0; i < textEnd; i++) {
      tokens.addIds(ids[i]);
    }
    for (int i = ids.length - closing; i < ids.length; i++) {
      tokens.addIds(ids[i]);
    }
    return tokens.build();
  }

  /** How many of the tokenizer's own tokens close the sequence, when text precedes them. */
  private static int closing(long[] special) {
    int first = special.length;
    while (first > 0 && special[first - 1] == 1) {
      first--;
    }
    return first == 0 ? 0 : special.length - first;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
