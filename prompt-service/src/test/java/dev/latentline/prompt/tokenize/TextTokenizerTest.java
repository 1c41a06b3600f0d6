package dev.latentline.prompt.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.Limits;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.proto.v1.TokenIds;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The starter's tokenizer is BERT's uncased one; the ids are those of its published vocabulary. */
class TextTokenizerTest {
  private static final long CLS = 101;
  private static final long SEP = 102;
  private static final long UNK = 100;
  private static final int MAX_TOKENS = 32;

  private static TextTokenizer tokenizer;

  @BeforeAll
  static void open() {
    ModelCard starter =
        Catalogue.open(Path.of(System.getProperty("latentline.home"), "models/target/catalogue"))
            .find("starter")
            .orElseThrow();
    tokenizer = TextTokenizer.open(starter.file("tokenizer/tokenizer.json"), MAX_TOKENS);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void wordsBecomeTheIdsOfTheVocabularyBetweenTheFrame() {
    TokenIds tokens = tokenizer.encode("a red apple");

    assertThat(tokens.getIdsList()).containsExactly(CLS, 1037L, 2417L, 6207L, SEP);
    assertThat(tokens.getCut()).isZero();
  }

  @Test
  void caseAndAccentsDoNotMatterToThisModel() {
    assertThat(tokenizer.encode("A RED Ápple").getIdsList())
        .isEqualTo(tokenizer.encode("a red apple").getIdsList());
  }

  @Test
  void anUnknownWordIsCutIntoPieces() {
    // token, ##izer
    assertThat(tokenizer.encode("tokenizer").getIdsList())
        .containsExactly(CLS, 19204L, 17629L, SEP);
  }

  @Test
  void noTextIsTheFrameAlone() {
    TokenIds tokens = tokenizer.encode("");

    assertThat(tokens.getIdsList()).containsExactly(CLS, SEP);
    assertThat(tokens.getCut()).isZero();
  }

  @Test
  void whatJustFitsIsWhole() {
    TokenIds tokens = tokenizer.encode("apple ".repeat(MAX_TOKENS - 2));

    assertThat(tokens.getIdsCount()).isEqualTo(MAX_TOKENS);
    assertThat(tokens.getCut()).isZero();
  }

  @Test
  void whatDoesNotFitIsCutFromTheEndOfTheTextAndCounted() {
    TokenIds tokens = tokenizer.encode("red " + "apple ".repeat(40));

    assertThat(tokens.getIdsCount()).isEqualTo(MAX_TOKENS);
    assertThat(tokens.getCut()).isEqualTo(41 + 2 - MAX_TOKENS);
    assertThat(tokens.getIds(0)).isEqualTo(CLS);
    assertThat(tokens.getIds(1)).isEqualTo(2417L);
    assertThat(tokens.getIds(MAX_TOKENS - 2)).isEqualTo(6207L);
    assertThat(tokens.getIds(MAX_TOKENS - 1)).isEqualTo(SEP);
  }

  @Test
  void whatTheTokenizersFileSaysOfTruncationAndPaddingIsNotUsed() {
    // it cuts and pads at 128
    assertThat(tokenizer.encode("apple").getIdsCount()).isEqualTo(3);
    assertThat(tokenizer.encode("apple ".repeat(200)).getCut()).isEqualTo(200 + 2 - MAX_TOKENS);
  }

  @Test
  void theLongestPromptIsCutToTheContext() {
    TokenIds tokens = tokenizer.encode("x ".repeat(Limits.MAX_PROMPT_CODE_POINTS / 2));

    assertThat(tokens.getIdsCount()).isEqualTo(MAX_TOKENS);
    assertThat(tokens.getCut()).isEqualTo(Limits.MAX_PROMPT_CODE_POINTS / 2 + 2 - MAX_TOKENS);
  }

  @Test
  void anEmojiThatTheVocabularyLacksIsTheUnknownToken() {
    assertThat(tokenizer.encode("a \uD83C\uDF4E apple").getIdsList())
        .containsExactly(CLS, 1037L, UNK, 6207L, SEP);
  }

  @Test
  void aCombiningMarkMakesNoOtherWordThanTheComposedLetter() {
    assertThat(tokenizer.encode("cafe\u0301").getIdsList())
        .isEqualTo(tokenizer.encode("caf\u00e9").getIdsList())
        .containsExactly(CLS, 7668L, SEP);
  }

  @Test
  void aWordLongerThanAHundredCharactersIsTheUnknownToken() {
    assertThat(tokenizer.encode("a " + "x".repeat(101) + " apple").getIdsList())
        .containsExactly(CLS, 1037L, UNK, 6207L, SEP);
    assertThat(tokenizer.encode("x".repeat(Limits.MAX_PROMPT_CODE_POINTS)).getIdsList())
        .containsExactly(CLS, UNK, SEP);
  }

  @Test
  void ideographsAreWordsOfTheirOwn() {
    assertThat(tokenizer.encode("\u6c34\u65e5").getIdsList())
        .containsExactly(CLS, 1893L, 1864L, SEP);
  }

  @Test
  void blanksAndControlCharactersAreNoText() {
    assertThat(tokenizer.encode(" \t\n\u00a0\u3000 ").getIdsList()).containsExactly(CLS, SEP);
    assertThat(tokenizer.encode("red\u0000 \u202Eapple\u200B").getIdsList())
        .isEqualTo(tokenizer.encode("red apple").getIdsList());
  }

  @Test
  void halfACharacterEndsInTokens() {
    assertThat(tokenizer.encode("red \uD83C").getIdsList()).startsWith(CLS, 2417L).endsWith(SEP);
  }

  @Test
  void theFrameInTheTextOfTheLongestSequenceDoesNotReplaceTheFrame() {
    TokenIds tokens = tokenizer.encode("apple ".repeat(MAX_TOKENS) + "[SEP] [SEP] [SEP]");

    assertThat(tokens.getIdsCount()).isEqualTo(MAX_TOKENS);
    assertThat(tokens.getCut()).isEqualTo(MAX_TOKENS + 3 + 2 - MAX_TOKENS);
    assertThat(tokens.getIds(MAX_TOKENS - 2)).isEqualTo(6207L);
    assertThat(tokens.getIds(MAX_TOKENS - 1)).isEqualTo(SEP);
  }
}
