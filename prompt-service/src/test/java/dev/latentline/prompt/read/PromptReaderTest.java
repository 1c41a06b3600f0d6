package dev.latentline.prompt.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.prompt.tokenize.ModelTokenizers;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.TokenizedConditioning;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The starter, whose text encoder knows no weights and no chunks. */
class PromptReaderTest {
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
  void aPlainPromptsBracketsAreText() {
    GenerationRequest plain = request("a (red) apple").build();

    assertThat(reader.read(plain.toBuilder().setPromptSyntax("plain").build()))
        .isEqualTo(reader.read(plain));
    assertThat(ids(plain)).isNotEqualTo(ids(request("a red apple").build()));
  }

  @Test
  void whatNeedsNoWeightIsReadForEveryModel() {
    assertThat(ids(a1111("a \\(red\\) apple").build()))
        .isEqualTo(ids(request("a (red) apple").build()));
    assertThat(ids(a1111("a (red:1.0) apple").build()))
        .isEqualTo(ids(request("a red apple").build()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a (red) apple", "a [red] apple", "a red BREAK apple", "(a:1.5)"})
  void weightsAreRefusedWhereTheTextEncoderKnowsNone(String prompt) {
    assertUnsupported(a1111(prompt).build(), "knows no weights");
    assertUnsupported(a1111("a").setNegativePrompt(prompt).build(), "knows no weights");
  }

  @Test
  void weightsThatHaveNoEffectAreAllowedEverywhere() {
    assertThat(ids(a1111("a (red:1.5) apple").setEmphasis("ignore").build()))
        .isEqualTo(ids(request("a red apple").build()));
    assertThat(ids(a1111("a (red:1.5) apple").setEmphasis("none").build()))
        .isEqualTo(ids(request("a (red:1.5) apple").build()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"(a:101)", "(a:-1000)", "((a:1000):1000)"})
  void aWeightHasALimit(String prompt) {
    assertUnsupported(a1111(prompt).setEmphasis("ignore").build(), "more than 100 away from 0");
  }

  @Test
  void aWeightOfManyDigitsIsRefusedAndNotInfinite() {
    assertUnsupported(a1111("(a:" + "9".repeat(400) + ")").build(), "more than 100 away from 0");
  }

  @Test
  void aTagOfFurtherWeightsIsNeverEncodedAsText() {
    assertUnsupported(a1111("a cat <lora:style:0.8>").build(), "no lora here");
    assertUnsupported(a1111("a cat").setNegativePrompt("<lyco:b>").build(), "no lyco here");
  }

  @Test
  void whatIsNotKnownIsRefused() {
    assertUnsupported(request("a").setPromptSyntax("later").build(), "syntax");
    assertUnsupported(a1111("a").setEmphasis("later").build(), "emphasis");
  }

  private static void assertUnsupported(GenerationRequest request, String message) {
    assertThatThrownBy(() -> reader.read(request))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unsupported_prompt"))
        .hasMessageContaining(message);
  }

  private static List<Long> ids(GenerationRequest request) {
    List<TokenizedConditioning> conditionings = reader.read(request);
    assertThat(conditionings).hasSize(2);
    return conditionings.get(0).getEncoders(0).getIdsList();
  }

  private static GenerationRequest.Builder a1111(String prompt) {
    return request(prompt).setPromptSyntax("a1111");
  }

  private static GenerationRequest.Builder request(String prompt) {
    return GenerationRequest.newBuilder()
        .setModel(ModelRef.newBuilder().setName("starter").setDigest(starter.digest()))
        .setPrompt(prompt)
        .setSteps(25);
  }
}
