package dev.latentline.prompt.read;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.prompt.tokenize.ModelTokenizers;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.TokenizedConditioning;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
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
  void aRefinerGetsItsOwnTokensOfEveryText() {
    GenerationRequest.Builder request = a1111("a [cat|dog] in a box").setNegativePrompt("fog");
    request
        .getRefinerBuilder()
        .getRefinerBuilder()
        .setName(starter.name())
        .setDigest(starter.digest());
    List<TokenizedConditioning> alone = reader.read(request.clone().clearRefiner().build());

    List<TokenizedConditioning> both = reader.read(request.build());

    assertThat(both).hasSize(3);
    for (int i = 0; i < both.size(); i++) {
      // the starter stands for a refiner: its tokens are the model's
      assertThat(both.get(i).getRefinerEncodersList()).isEqualTo(both.get(i).getEncodersList());
      assertThat(both.get(i).toBuilder().clearRefinerEncoders().build()).isEqualTo(alone.get(i));
    }
  }

  @Test
  void allTextsTogetherAreBounded() {
    GenerationRequest three = a1111("a [cat|dog|cow] in a box").build();
    // what they become for the network, however short they are
    int tokens = 4 * starter.textEncoders().get(0).maxTokens();

    assertThat(new PromptReader(tokenizers, tokens).read(three)).hasSize(4);
    assertThatThrownBy(() -> new PromptReader(tokenizers, tokens - 1).read(three))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unsupported_prompt"))
        .hasMessageContaining("4 different texts, each filled up to 32 tokens: 128 together")
        .hasMessageContaining("at most " + (tokens - 1));
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
  void aPromptThatChangesIsSeveralTextsWithTheirSteps() {
    List<TokenizedConditioning> found =
        reader.read(
            a1111("a [red:blue:2] [cat|dog]").setNegativePrompt("[x::1]").setSteps(4).build());

    assertThat(found)
        .extracting(TokenizedConditioning::getRole, c -> c.getStepsList())
        .containsExactly(
            tuple(Role.POSITIVE, List.of(0)),
            tuple(Role.POSITIVE, List.of(1)),
            tuple(Role.POSITIVE, List.of(2)),
            tuple(Role.POSITIVE, List.of(3)),
            tuple(Role.NEGATIVE, List.of(0)),
            tuple(Role.NEGATIVE, List.of(1, 2, 3)));
    assertThat(found.get(3).getEncoders(0).getIdsList())
        .isEqualTo(ids(request("a blue dog").build()));
  }

  @Test
  void alternativesAreEncodedOnceEach() {
    List<TokenizedConditioning> found = reader.read(a1111("a [cat|dog]").setSteps(150).build());

    assertThat(found).hasSize(3);
    assertThat(found.get(1).getStepsList()).hasSize(75).startsWith(1, 3, 5);
  }

  @Test
  void promptsAreJoinedByAndAndANegativeOneIsNot() {
    List<TokenizedConditioning> found =
        reader.read(a1111("a cat AND a [dog:fox:1] :0.5").setNegativePrompt("b AND c").build());

    assertThat(found)
        .extracting(TokenizedConditioning::getRole, TokenizedConditioning::getWeight)
        .containsExactly(
            tuple(Role.POSITIVE, 1f),
            tuple(Role.POSITIVE, 0.5f),
            tuple(Role.POSITIVE, 0.5f),
            tuple(Role.NEGATIVE, 1f));
    assertThat(found.get(0).getStepsList()).isEmpty();
    assertThat(found.get(3).getEncoders(0).getIdsList()).isEqualTo(ids(request("b AND c").build()));
  }

  @Test
  void whatAPlainPromptSaysOfStepsAndJoiningIsText() {
    GenerationRequest plain = request("a [cat|dog] AND [x:3]").build();

    assertThat(reader.read(plain)).hasSize(2);
    assertThat(reader.read(plain).get(0).getStepsList()).isEmpty();
  }

  @Test
  void thereAreLimitsOfTextsPromptsAndTheirWeights() {
    assertThat(reader.read(a1111("a AND ".repeat(7) + "b").build())).hasSize(9);
    assertUnsupported(a1111("a AND ".repeat(8) + "b").build(), "joins 9 prompts; at most 8");
    assertUnsupported(a1111("a :101 AND b").build(), "more than 100 away from 0");
    assertThat(reader.read(a1111("[" + "a|".repeat(30) + "b]").setSteps(150).build())).hasSize(3);
    String different = IntStream.range(0, 32).mapToObj(Integer::toString).collect(joining("|"));
    assertUnsupported(a1111("[" + different + "]").setSteps(150).build(), "33 different texts");
  }

  @Test
  void aTagOfFurtherWeightsIsNeverEncodedAsText() {
    assertUnsupported(a1111("a cat <lora:style:0.8>").build(), "has a tag in < >");
    assertUnsupported(a1111("a cat").setNegativePrompt("<lyco:b>").build(), "has a tag in < >");
  }

  @Test
  void promptsOfMidjourneyAreJoinedByPartsOfTheSumOfTheirWeights() {
    List<TokenizedConditioning> found =
        reader.read(midjourney("a cat::2 a (dog)::-0.5 a fox::0").setNegativePrompt("b").build());

    assertThat(found)
        .extracting(TokenizedConditioning::getRole, TokenizedConditioning::getWeight)
        .containsExactly(
            tuple(Role.POSITIVE, (float) (2 / 1.5)),
            tuple(Role.POSITIVE, (float) (-0.5 / 1.5)),
            tuple(Role.NEGATIVE, 1f));
    assertThat(found.get(1).getEncoders(0).getIdsList()).isEqualTo(ids(request("a (dog)").build()));
    assertThat(reader.read(midjourney("a cat::3").build()))
        .isEqualTo(reader.read(request("a cat").build()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a::-1", "a::1 b::-1", "a::0", "::", "a::-9e", "a::1 b::-2 c::0.5"})
  void weightsOfMidjourneyMustTogetherBeMoreThanNothing(String prompt) {
    if (prompt.equals("a::-9e")) {
      // no number
      assertThat(reader.read(midjourney(prompt).build())).hasSize(3);
      return;
    }
    assertUnsupported(midjourney(prompt).build(), "must together be more than 0");
  }

  @Test
  void promptsOfMidjourneyHaveLimits() {
    assertThat(reader.read(midjourney("a:: ".repeat(8)).build())).hasSize(9);
    assertUnsupported(midjourney("a:: ".repeat(9)).build(), ":: joins 9 prompts; at most 8");
    assertUnsupported(midjourney("a::1 b::-0.999").build(), "more than 100 times");
    assertUnsupported(midjourney("a::" + "9".repeat(400)).build(), "more than 100 times");
  }

  private static GenerationRequest.Builder midjourney(String prompt) {
    return request(prompt).setPromptSyntax("midjourney");
  }

  @Test
  void picturesOfOtherPromptsHaveConditioningsOfTheirOwn() {
    GenerationRequest request =
        a1111("a {red|blue} [cat|dog]")
            .setCount(3)
            .addExpandedPrompts(expanded("a red [cat|dog]"))
            .addExpandedPrompts(expanded("a blue cat").setNegativePrompt("dog"))
            .addExpandedPrompts(expanded("a red [cat|dog]"))
            .build();

    List<TokenizedConditioning> found = reader.read(request);

    assertThat(found)
        .extracting(TokenizedConditioning::getRole, c -> c.getImagesList())
        .containsExactly(
            tuple(Role.POSITIVE, List.of(0, 2)),
            tuple(Role.POSITIVE, List.of(0, 2)),
            tuple(Role.NEGATIVE, List.of(0, 2)),
            tuple(Role.POSITIVE, List.of(1)),
            tuple(Role.NEGATIVE, List.of(1)));
    assertThat(found.get(3).getEncoders(0).getIdsList())
        .isEqualTo(ids(request("a blue cat").build()));
    assertThat(found.get(4).getEncoders(0).getIdsList()).isEqualTo(ids(request("dog").build()));
  }

  @Test
  void onePairOfPromptsIsForAllPictures() {
    GenerationRequest request =
        request("{a}").setCount(3).addExpandedPrompts(expanded("a red cat")).build();

    assertThat(reader.read(request)).isEqualTo(reader.read(request("a red cat").build()));
  }

  private static ExpandedPrompts.Builder expanded(String prompt) {
    return ExpandedPrompts.newBuilder().setPrompt(prompt);
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
        .setCount(1)
        .setSteps(25);
  }
}
