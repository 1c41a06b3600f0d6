package dev.latentline.testkit;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Stage;
import org.junit.jupiter.api.Test;

class ServiceSentenceTest {
  private static final String ENCODER =
      "Consumes prompt.tokenized, produces embedding.ready.{pool}, owns the text encoders";

  @Test
  void theContractsSentencePassesWhereverALineIsBroken() {
    ServiceSentence sentence =
        ServiceSentence.of(
            Stage.ENCODER,
            pom(ENCODER),
            "# encoder\n\nConsumes `prompt.tokenized`, produces\n`embedding.ready.{pool}`, owns"
                + " the text encoders: more of it.\n\nMore.\n",
            "/**\n * Consumes prompt.tokenized, produces\n * embedding.ready.{pool}, owns the text"
                + "\n * encoders.\n */\npackage x;\n");

    assertThatCode(sentence::check).doesNotThrowAnyException();
  }

  @Test
  void aStageThatWritesNoQueueProducesFacts() {
    String decoder = "Consumes latent.denoised, produces facts on generation.event, owns pictures";

    assertThatCode(same(Stage.DECODER, decoder)::check).doesNotThrowAnyException();
    assertThatThrownBy(same(Stage.DECODER, decoder.replace(" on generation.event", ""))::check)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("it produces [generation.event], and pom.xml says []");
  }

  @Test
  void anotherQueueThanTheContractsIsNamedAndSoIsOneTooMany() {
    assertThatThrownBy(same(Stage.ENCODER, ENCODER.replace("prompt.tokenized", "prompts.x"))::check)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("encoder")
        .hasMessageContaining("it consumes [prompt.tokenized], and pom.xml says [prompts.x]");
    assertThatThrownBy(
            same(Stage.ENCODER, ENCODER.replace("{pool}", "{pool} and latent.denoised"))::check)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("says [embedding.ready.{pool}, latent.denoised]");
  }

  @Test
  void aFileThatSaysSomethingElseThanThePomIsNamed() {
    String other = ENCODER.replace("the text encoders", "something else");

    assertThatThrownBy(
            ServiceSentence.of(Stage.ENCODER, pom(ENCODER), readme(other), javadoc(ENCODER))::check)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("README.md does not begin")
        .hasMessageNotContaining("package-info.java");
    assertThatThrownBy(
            ServiceSentence.of(Stage.ENCODER, pom(ENCODER), readme(ENCODER), javadoc(other))::check)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("package-info.java does not begin")
        .hasMessageNotContaining("README.md");
  }

  @Test
  void whatIsNoSuchSentenceIsTold() {
    assertThatThrownBy(same(Stage.ENCODER, "Encodes texts")::check)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("does not say \"Consumes X, produces Y, owns Z\": Encodes texts");
  }

  private static ServiceSentence same(Stage stage, String sentence) {
    return ServiceSentence.of(stage, pom(sentence), readme(sentence), javadoc(sentence));
  }

  private static String pom(String sentence) {
    return "<project>\n  <name>x</name>\n  <description>" + sentence + "</description>\n";
  }

  private static String readme(String sentence) {
    return "# title\n\n" + sentence + ".\n\nMore.\n";
  }

  private static String javadoc(String sentence) {
    return "/** " + sentence + ". */\npackage x;\n";
  }
}
