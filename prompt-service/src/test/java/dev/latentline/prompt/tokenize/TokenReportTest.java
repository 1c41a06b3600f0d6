package dev.latentline.prompt.tokenize;

import static dev.latentline.prompt.tokenize.WeightedPromptsTest.NONE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.latentline.contract.Limits;
import dev.latentline.inference.inversion.InsertedTokens;
import dev.latentline.prompt.grammar.Attention;
import dev.latentline.proto.v1.AnalyzedTokens;
import dev.latentline.proto.v1.Token;
import dev.latentline.proto.v1.TokenChunk;
import dev.latentline.proto.v1.TokenIds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** CLIP's tokenizer, and what it is said to do. */
class TokenReportTest {
  private static final String APPLE = "\uD83C\uDF4E";

  @TempDir static Path folder;
  private static TextTokenizer tokenizer;

  @BeforeAll
  static void open() throws IOException {
    tokenizer = WeightedPromptsTest.clip(folder);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void tokensAreNamedAsInTheVocabularyAndWeighed() {
    AnalyzedTokens tokens = analyze("A (Red:1.3) apple BREAK tree");

    assertThat(tokens.getChunksList()).hasSize(2);
    assertThat(tokens.getChunks(0).getTokensList())
        .extracting(Token::getText, Token::getWeight)
        .containsExactly(tuple("a</w>", 1f), tuple("red</w>", 1.3f), tuple("apple</w>", 1f));
    assertThat(tokens.getChunks(1).getTokensList())
        .extracting(Token::getText)
        .containsExactly("tree</w>");
    assertThat(tokens.getChunkLength()).isEqualTo(75);
    assertThat(tokens.getMaxChunks()).isEqualTo(Limits.MAX_PROMPT_CHUNKS);
    assertThat(tokens.hasCut()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a [cat] BREAK (a dog:1.5)",
        "a BREAK BREAK b",
        // the comma takes what follows it to the next chunk
        "w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w"
            + " w w w w w w w w w w w w w w w w w w w w w w w, (w w w w w w w w w w w w w w:0.5) w"
            + " w"
      })
  void chunksAndWeightsAreThoseThatTheModelGets(String prompt) {
    List<Attention.Part> parts = Attention.parse(prompt);
    List<Chunker.Chunk> chunks = tokenizer.chunks(parts, NONE);
    TokenIds sent = tokenizer.framed(chunks, chunks.size());
    List<Long> ids = new ArrayList<>();
    List<Float> weights = new ArrayList<>();
    List<Integer> lengths = new ArrayList<>();

    for (TokenChunk chunk : tokenizer.analyze(parts, NONE).getChunksList()) {
      ids.add(49406L);
      weights.add(1f);
      for (Token token : chunk.getTokensList()) {
        ids.add(token.getId());
        weights.add(token.getWeight());
      }
      ids.add(49407L);
      weights.add(1f);
      lengths.add(chunk.getTokensCount() + 2);
    }

    assertThat(ids).isEqualTo(sent.getIdsList());
    assertThat(lengths).isEqualTo(sent.getChunksList());
    if (sent.getWeightsCount() == 0) {
      assertThat(weights).containsOnly(1f);
    } else {
      assertThat(weights).isEqualTo(sent.getWeightsList());
    }
  }

  @Test
  void whatIsCutBeginsWithItsFirstWordAndHasNoBracketsOfWeights() {
    String kept = (APPLE + " ").repeat(75 * Limits.MAX_PROMPT_CHUNKS);

    AnalyzedTokens tokens = analyze(kept + "a (Red:2) caf\u00e9 " + APPLE + " BREAK end");

    assertThat(tokens.getChunksList()).hasSize(Limits.MAX_PROMPT_CHUNKS);
    assertThat(tokens.getCut().getCount()).isEqualTo(5);
    assertThat(tokens.getCut().getText()).isEqualTo("a Red caf\u00e9 " + APPLE + " BREAK end");
  }

  @Test
  void aPlainTextIsOneChunkThatEndsWhereEncodingCutsIt() {
    String text = (APPLE + " ").repeat(80) + "x";

    AnalyzedTokens tokens = tokenizer.analyze(text);

    TokenIds sent = tokenizer.encode(text);
    assertThat(tokens.getMaxChunks()).isEqualTo(1);
    assertThat(tokens.getChunksList()).hasSize(1);
    assertThat(tokens.getChunks(0).getTokensList().stream().map(Token::getId))
        .containsExactlyElementsOf(sent.getIdsList().subList(1, sent.getIdsCount() - 1));
    assertThat(tokens.getCut().getCount()).isEqualTo(sent.getCut()).isEqualTo(6);
    assertThat(tokens.getCut().getText()).isEqualTo((APPLE + " ").repeat(5) + "x");
    assertThat(tokenizer.analyze("").getChunks(0).getTokensList()).isEmpty();
  }

  @Test
  void vectorsOfATextualInversionHaveItsNameAndAreCutAsItsWord() {
    InsertedTokens inserted =
        new InsertedTokens(
            List.of(
                WeightedPromptsTest.inversion("ink-wash", 3),
                WeightedPromptsTest.inversion("old-map", 1)));
    String kept = "Ink-Wash tree " + "x ".repeat(75 * Limits.MAX_PROMPT_CHUNKS - 5) + "old-map ";

    AnalyzedTokens tokens =
        tokenizer.analyze(Attention.parse(kept + "(ink-wash:0.5) end"), inserted);

    assertThat(tokens.getChunks(0).getTokensList().subList(0, 5))
        .extracting(Token::getText)
        .containsExactly("ink-wash", "ink-wash", "ink-wash", "tree</w>", "x</w>");
    List<Token> last = tokens.getChunks(Limits.MAX_PROMPT_CHUNKS - 1).getTokensList();
    assertThat(last.get(last.size() - 1).getText()).isEqualTo("old-map");
    assertThat(tokens.getCut().getCount()).isEqualTo(4);
    assertThat(tokens.getCut().getText()).isEqualTo("ink-wash end");
  }

  @Test
  void encodersThatGetTheSameAreOne() {
    AnalyzedTokens some = tokenizer.analyze("a");
    AnalyzedTokens others = tokenizer.analyze("b");

    assertThat(ModelTokenizers.joined(List.of(some, others, some)))
        .containsExactly(
            some.toBuilder().addEncoders(0).addEncoders(2).build(),
            others.toBuilder().addEncoders(1).build());
  }

  private static AnalyzedTokens analyze(String prompt) {
    return tokenizer.analyze(Attention.parse(prompt), NONE);
  }
}
