package dev.latentline.prompt.tokenize;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.latentline.contract.Limits;
import dev.latentline.inference.inversion.InsertedTokens;
import dev.latentline.prompt.grammar.Attention;
import dev.latentline.prompt.tokenize.Chunker.Chunk;
import dev.latentline.proto.v1.AnalyzedTokens;
import dev.latentline.proto.v1.TokenIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One tokenizer of a model, with the length of context that its text encoder takes. Thread-safe.
 */
public final class TextTokenizer implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;
  private final int maxTokens;

  /** The tokens of no text. */
  private final long[] frame;

  private final OptionalLong comma;

  private TextTokenizer(HuggingFaceTokenizer tokenizer, int maxTokens) {
    this.tokenizer = tokenizer;
    this.maxTokens = maxTokens;
    this.frame = tokenizer.encode("").getIds();
    long[] ofComma = bare(",");
    this.comma = ofComma.length == 1 ? OptionalLong.of(ofComma[0]) : OptionalLong.empty();
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

  /** Whether one token opens a sequence and one closes it, as those of chunks must. */
  boolean framesByTwo() {
    return frame.length == 2;
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

  /**
   * The chunks of a text whose parts have weights, each part tokenized by itself; without what
   * frames them.
   *
   * @param inserted textual inversions whose words stand for vectors
   * @return at least one, each of at most maxTokens less the frame
   */
  List<Chunk> chunks(List<Attention.Part> parts, InsertedTokens inserted) {
    Chunker chunker = new Chunker(chunkLength(), comma);
    List<Word> words =
        inserted.cards().stream()
            .map(card -> new Word(bare(card.name()), inserted.firstOf(card), card.vectors()))
            .sorted(Comparator.comparingInt((Word word) -> word.ids.length).reversed())
            .toList();
    for (Attention.Part part : parts) {
      if (part instanceof Attention.Part.Weighted text) {
        add(bare(text.text()), (float) text.weight(), words, chunker);
      } else {
        chunker.end();
      }
    }
    return chunker.chunks();
  }

  /** What stands for vectors: the tokens of a word. */
  private record Word(long[] ids, long first, int vectors) {
    boolean standsAt(int at, long[] all) {
      return ids.length > 0
          && at + ids.length <= all.length
          && Arrays.equals(ids, 0, ids.length, all, at, at + ids.length);
    }
  }

  /**
   * @param words the longest first
   */
  private static void add(long[] ids, float weight, List<Word> words, Chunker chunker) {
    int at = 0;
    while (at < ids.length) {
      int here = at;
      Optional<Word> word = words.stream().filter(w -> w.standsAt(here, ids)).findFirst();
      if (word.isPresent()) {
        chunker.add(word.get().first, word.get().vectors, weight);
        at += word.get().ids.length;
      } else {
        chunker.add(ids[at], weight);
        at++;
      }
    }
  }

  /**
   * So many chunks in their frames: what is missing is empty, what is behind them is cut and
   * counted.
   */
  TokenIds framed(List<Chunk> chunks, int count) {
    TokenIds.Builder tokens = TokenIds.newBuilder();
    for (int i = 0; i < count; i++) {
      Chunk chunk = i < chunks.size() ? chunks.get(i) : new Chunk();
      tokens.addIds(frame[0]).addAllIds(chunk.ids()).addIds(frame[1]);
      tokens.addWeights(1).addAllWeights(chunk.weights()).addWeights(1);
      tokens.addChunks(chunk.ids().size() + frame.length);
    }
    if (tokens.getWeightsList().stream().allMatch(weight -> weight == 1)) {
      tokens.clearWeights();
    }
    int cut = chunks.stream().skip(count).mapToInt(chunk -> chunk.ids().size()).sum();
    return tokens.setCut(cut).build();
  }

  /** What the model gets of a text as {@link #encode} cuts it, and what it does not. */
  AnalyzedTokens analyze(String text) {
    List<Attention.Part> whole = List.of(new Attention.Part.Weighted(text, 1));
    Chunker chunker = new Chunker(chunkLength(), OptionalLong.empty());
    for (long id : bare(text)) {
      chunker.add(id, 1);
    }
    return report(whole, new InsertedTokens(List.of())).of(chunker.chunks(), chunkLength(), 1);
  }

  /** The same of a text as {@link #chunks} and {@link #framed} do it. */
  AnalyzedTokens analyze(List<Attention.Part> parts, InsertedTokens inserted) {
    return report(parts, inserted)
        .of(chunks(parts, inserted), chunkLength(), Limits.MAX_PROMPT_CHUNKS);
  }

  private int chunkLength() {
    return maxTokens - frame.length;
  }

  private TokenReport report(List<Attention.Part> parts, InsertedTokens inserted) {
    TokenReport report = new TokenReport(parts, inserted, word -> bare(word).length);
    for (int i = 0; i < parts.size(); i++) {
      if (parts.get(i) instanceof Attention.Part.Weighted text) {
        Encoding encoding = tokenizer.encode(text.text(), false, false);
        report.add(i, encoding.getTokens(), encoding.getCharTokenSpans());
      }
    }
    return report;
  }

  private long[] bare(String text) {
    return tokenizer.encode(text, false, false).getIds();
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
