package dev.latentline.prompt.tokenize;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import dev.latentline.inference.inversion.InsertedTokens;
import dev.latentline.prompt.grammar.Attention;
import dev.latentline.prompt.tokenize.Chunker.Chunk;
import dev.latentline.proto.v1.AnalyzedTokens;
import dev.latentline.proto.v1.CutTokens;
import dev.latentline.proto.v1.Token;
import dev.latentline.proto.v1.TokenChunk;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/** Tokens as people read them: by name, and where in a text they stand. Not thread-safe. */
final class TokenReport {
  private final List<Attention.Part> parts;
  private final InsertedTokens inserted;
  private final ToIntFunction<String> tokensOf;
  private final List<Place> places = new ArrayList<>();

  /** Of the places, that of the next token. */
  private int next;

  /**
   * @param codePoint of the part's text, the token's first
   */
  private record Place(String name, int part, int codePoint) {}

  /**
   * @param parts of one text
   * @param inserted textual inversions, each of whose words became vectors
   * @param tokensOf how many tokens such a word was
   */
  TokenReport(List<Attention.Part> parts, InsertedTokens inserted, ToIntFunction<String> tokensOf) {
    this.parts = parts;
    this.inserted = inserted;
    this.tokensOf = tokensOf;
  }

  /** The tokens of a part, in the order of parts. */
  void add(int part, String[] names, CharSpan[] spans) {
    for (int i = 0; i < names.length; i++) {
      places.add(new Place(names[i], part, spans[i] == null ? 0 : spans[i].getStart()));
    }
  }

  /**
   * @param chunks of all tokens that were added
   * @param length of a full chunk
   * @param most chunks that are not cut
   */
  AnalyzedTokens of(List<Chunk> chunks, int length, int most) {
    AnalyzedTokens.Builder tokens =
        AnalyzedTokens.newBuilder().setChunkLength(length).setMaxChunks(most);
    int kept = Math.min(most, chunks.size());
    for (Chunk chunk : chunks.subList(0, kept)) {
      TokenChunk.Builder shown = TokenChunk.newBuilder();
      for (int i = 0; i < chunk.ids().size(); i++) {
        long id = chunk.ids().get(i);
        shown.addTokens(
            Token.newBuilder().setId(id).setText(name(id)).setWeight(chunk.weights().get(i)));
      }
      tokens.addChunks(shown);
    }
    int cut = chunks.stream().skip(kept).mapToInt(chunk -> chunk.ids().size()).sum();
    if (cut > 0) {
      tokens.setCut(CutTokens.newBuilder().setCount(cut).setText(from(places.get(next))));
    }
    return tokens.build();
  }

  private String name(long id) {
    if (id < InsertedTokens.FIRST) {
      return places.get(next++).name();
    }
    InsertedTokens.Vector vector = inserted.vector(id);
    String word = vector.card().name();
    if (vector.index() == 0) {
      next += tokensOf.applyAsInt(word);
    }
    return word;
  }

  private String from(Place first) {
    StringBuilder text = new StringBuilder();
    for (int i = first.part(); i < parts.size(); i++) {
      text.append(parts.get(i) instanceof Attention.Part.Weighted part ? part.text() : " BREAK ");
    }
    return text.substring(text.offsetByCodePoints(0, first.codePoint()));
  }
}
