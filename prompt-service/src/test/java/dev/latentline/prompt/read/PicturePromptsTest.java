package dev.latentline.prompt.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.prompt.tokenize.ModelTokenizers;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImagePrompt;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.TokenizedConditioning;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PicturePromptsTest {
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
  void allWeightsArePartsOfTheirSum() {
    List<TokenizedConditioning> read = reader.read(request("a cat", 1, 0.5f).build());

    assertThat(read)
        .extracting(
            TokenizedConditioning::getRole,
            TokenizedConditioning::hasImagePrompt,
            TokenizedConditioning::getImagePrompt,
            TokenizedConditioning::getWeight)
        .containsExactly(
            tuple(Role.POSITIVE, false, 0, 0.4f),
            tuple(Role.NEGATIVE, false, 0, 1f),
            tuple(Role.POSITIVE, true, 0, 0.4f),
            tuple(Role.POSITIVE, true, 1, 0.2f));
    // a picture has no tokens and holds in all steps
    assertThat(read.get(2).getEncodersList()).isEmpty();
    assertThat(read.get(2).getStart()).isZero();
    assertThat(read.get(2).getEnd()).isEqualTo(1);
    // texts are those that they are without pictures
    List<TokenizedConditioning> alone = reader.read(request("a cat").build());
    assertThat(read.get(0).toBuilder().setWeight(1).build()).isEqualTo(alone.get(0));
    assertThat(read.get(1)).isEqualTo(alone.get(1));
  }

  @Test
  void whatJoinsPromptsKeepsItsParts() {
    assertThat(weights(request("a cat::2 a hat", 1).setPromptSyntax("midjourney")))
        .containsExactly(1 / 3f, 1 / 6f, 1 / 2f);
    assertThat(weights(request("a cat AND a hat :0.5", 1).setPromptSyntax("a1111")))
        .containsExactly(1 / 2f, 1 / 4f, 1 / 2f);
  }

  @Test
  void aPictureWithoutWeightIsNone() {
    GenerationRequest.Builder request = request("a cat", 0);
    assertThat(reader.read(request.build())).isEqualTo(reader.read(request("a cat").build()));

    // the index is that of the request
    assertThat(reader.read(request("a cat", 0, 1).build()))
        .filteredOn(TokenizedConditioning::hasImagePrompt)
        .extracting(TokenizedConditioning::getImagePrompt)
        .containsExactly(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "a1111", "midjourney"})
  void picturesAloneNeedNoWords(String syntax) {
    assertThat(reader.read(request(" ", 3, 1).setPromptSyntax(syntax).build()))
        .extracting(TokenizedConditioning::getRole, TokenizedConditioning::getWeight)
        .containsExactlyInAnyOrder(
            tuple(Role.NEGATIVE, 1f), tuple(Role.POSITIVE, 0.75f), tuple(Role.POSITIVE, 0.25f));
  }

  /** One that is 1 is asked for without the negative prompt where there is no guidance. */
  @ParameterizedTest
  @ValueSource(floats = {0.21f, 0.85f, 1.7f, 3, 1e-40f})
  void onePictureAloneHasAllOfTheWeight(float weight) {
    assertThat(weights(request("", weight))).containsExactly(1f);
  }

  @Test
  void anAnalysisSaysWhatPartTheTextIs() {
    assertThat(reader.analyze(request("a cat", 3).build()))
        .extracting("role", "weight")
        .containsExactly(tuple(Role.POSITIVE, 0.25f), tuple(Role.NEGATIVE, 1f));
  }

  @Test
  void picturesCountAmongThePromptsThatAreJoined() {
    String seven = String.join(" AND ", Collections.nCopies(7, "a cat"));
    assertThat(Limits.MAX_PROMPTS_JOINED).isEqualTo(8);

    assertThat(reader.read(request(seven, 1).setPromptSyntax("a1111").build())).hasSize(9);
    assertUnsupported(request(seven, 1, 1).setPromptSyntax("a1111"), "beside 2 pictures");
    String words = seven.replace("AND", "::");
    assertUnsupported(request(words, 1, 1).setPromptSyntax("midjourney"), "beside 2 pictures");
  }

  @Test
  void aRefinerIsNotPromptedByPictures() {
    GenerationRequest.Builder request = request("a cat", 1);
    request.getRefinerBuilder().setRefiner(pinned());

    assertUnsupported(request, "refiner");
  }

  private static void assertUnsupported(GenerationRequest.Builder request, String why) {
    assertThatThrownBy(() -> reader.read(request.build()))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unsupported_prompt"))
        .hasMessageContaining(why);
  }

  private static List<Float> weights(GenerationRequest.Builder request) {
    return reader.read(request.build()).stream()
        .filter(text -> text.getRole() == Role.POSITIVE)
        .map(TokenizedConditioning::getWeight)
        .toList();
  }

  private static GenerationRequest.Builder request(String prompt, float... pictures) {
    GenerationRequest.Builder request =
        GenerationRequest.newBuilder().setModel(pinned()).setPrompt(prompt).setSteps(4).setCount(1);
    for (float weight : pictures) {
      request.addImagePrompts(ImagePrompt.newBuilder().setInput("0".repeat(64)).setWeight(weight));
    }
    return request;
  }

  private static ModelRef pinned() {
    return ModelRef.newBuilder().setName(starter.name()).setDigest(starter.digest()).build();
  }
}
