package dev.latentline.prompt.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.prompt.tokenize.ModelTokenizers;
import dev.latentline.proto.v1.AnalyzedText;
import dev.latentline.proto.v1.AnalyzedTokens;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.Token;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The starter, whose text encoder knows no weights and no chunks. */
class PromptAnalysisTest {
  private static ModelTokenizers tokenizers;
  private static PromptReader reader;
  private static ModelCard starter;

  @BeforeAll
  static void open() {
    Catalogue catalogue =
        Catalogue.open(Path.of(System.getProperty("latentline.home"), "models/target/catalogue"));
    starter = catalogue.find("starter").orElseThrow();
    tokenizers = new ModelTokenizers(catalogue);
    reader = new PromptReader(tokenizers);
  }

  @AfterAll
  static void close() {
    tokenizers.close();
  }

  @Test
  void aTextThatChangesIsOneForEachOfItsSteps() {
    List<AnalyzedText> texts = reader.analyze(a1111("a [cat:dog:0.5]").setSteps(4).build());

    assertThat(texts)
        .extracting(AnalyzedText::getRole, AnalyzedText::getText, AnalyzedText::getStepsList)
        .containsExactly(
            tuple(Role.POSITIVE, "a cat", List.of(0, 1)),
            tuple(Role.POSITIVE, "a dog", List.of(2, 3)),
            tuple(Role.NEGATIVE, "", List.of()));
    assertThat(names(texts.get(0))).containsExactly("a", "cat");
    assertThat(names(texts.get(1))).containsExactly("a", "dog");
    assertThat(names(texts.get(2))).isEmpty();
  }

  @Test
  void promptsThatAreJoinedHaveTheirWeights() {
    assertThat(reader.analyze(a1111("a cat AND a dog :0.8").setNegativePrompt("a AND b").build()))
        .extracting(AnalyzedText::getText, AnalyzedText::getWeight)
        .containsExactly(tuple("a cat", 1f), tuple(" a dog", 0.8f), tuple("a AND b", 1f));
    assertThat(reader.analyze(request("a cat::3 hat").setPromptSyntax("midjourney").build()))
        .extracting(AnalyzedText::getText, AnalyzedText::getWeight)
        .containsExactly(tuple("a cat", 0.75f), tuple("hat", 0.25f), tuple("", 1f));
  }

  @Test
  void whatThePlainTextEncoderDoesNotTakeIsCut() {
    int room = starter.textEncoders().get(0).maxTokens() - 2;

    AnalyzedTokens tokens =
        reader
            .analyze(request("apple ".repeat(room) + "(Blurry) trees").build())
            .get(0)
            .getTokens(0);

    assertThat(tokens.getEncodersList()).containsExactly(0);
    assertThat(tokens.getChunkLength()).isEqualTo(room);
    assertThat(tokens.getChunks(0).getTokensCount()).isEqualTo(room);
    assertThat(tokens.getCut().getText()).isEqualTo("(Blurry) trees");
    // (, blur, ##ry, ), trees
    assertThat(tokens.getCut().getCount()).isEqualTo(5);
  }

  @Test
  void picturesOfOtherPromptsHaveTextsOfTheirOwn() {
    GenerationRequest request =
        request("a {cat|dog}")
            .setCount(3)
            .addExpandedPrompts(ExpandedPrompts.newBuilder().setPrompt("a cat"))
            .addExpandedPrompts(ExpandedPrompts.newBuilder().setPrompt("a dog"))
            .addExpandedPrompts(ExpandedPrompts.newBuilder().setPrompt("a cat"))
            .build();

    assertThat(reader.analyze(request))
        .extracting(AnalyzedText::getText, AnalyzedText::getImagesList)
        .containsExactly(
            tuple("a cat", List.of(0, 2)),
            tuple("", List.of(0, 2)),
            tuple("a dog", List.of(1)),
            tuple("", List.of(1)));
  }

  @Test
  void whatAGenerationWouldFailWithIsSaid() {
    for (String prompt : List.of("a (red) apple", "a <lora:b:1>", "a AND ".repeat(9))) {
      assertThatThrownBy(() -> reader.analyze(a1111(prompt).build()))
          .isInstanceOfSatisfying(
              Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unsupported_prompt"));
    }
    int tokens = reader.read(a1111("a [cat|dog|cow] in a box").build()).size() * 3;
    assertThatThrownBy(
            () ->
                new PromptReader(tokenizers, tokens)
                    .analyze(a1111("a [cat|dog|cow] in a box").build()))
        .hasMessageContaining("4 different texts");
  }

  private static List<String> names(AnalyzedText text) {
    return text.getTokens(0).getChunks(0).getTokensList().stream().map(Token::getText).toList();
  }

  private static GenerationRequest.Builder a1111(String prompt) {
    return request(prompt).setPromptSyntax("a1111");
  }

  private static GenerationRequest.Builder request(String prompt) {
    return GenerationRequest.newBuilder()
        .setModel(ModelRef.newBuilder().setName("starter").setDigest(starter.digest()))
        .setPrompt(prompt)
        .setCount(1)
        .setSteps(25);
  }
}
