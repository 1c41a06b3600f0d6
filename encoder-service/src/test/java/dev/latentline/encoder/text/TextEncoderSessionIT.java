package dev.latentline.encoder.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.inversion.ExtendedVocabulary;
import dev.latentline.inference.lora.ModelPart;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The starter's own text encoder. */
class TextEncoderSessionIT {
  private static final Path CATALOGUE =
      Path.of(System.getProperty("latentline.home"), "models/target/catalogue");

  private static ModelCard starter;
  private static TextEncoder card;
  private static TextEncoderSession session;

  @BeforeAll
  static void open() {
    starter = Catalogue.open(CATALOGUE).find("starter").orElseThrow();
    card = starter.textEncoders().get(0);
    session = open(card);
  }

  private static TextEncoderSession open(TextEncoder encoder) {
    return TextEncoderSession.open(
        ModelPart.of(starter, encoder.model()),
        encoder,
        ExtendedVocabulary.NONE,
        SessionSettings.cpu(1));
  }

  @AfterAll
  static void close() {
    session.close();
  }

  @Test
  void theStatesAreThoseOfAnotherRuntime() {
    FloatTensor states = session.encode(ids(AppleEmbedding.IDS), 1, new RunStop()).states();

    assertThat(states.shape()).containsExactly(1, 5, AppleEmbedding.WIDTH);
    assertThat(AppleEmbedding.differences(states.data())).isEmpty();
  }

  @Test
  void aSequenceHasOneTokenToAsManyAsTheModelTakes() {
    long[] most = new long[card.maxTokens()];
    Arrays.fill(most, 6207);

    assertThat(session.encode(new long[] {101}, 1, new RunStop()).states().shape())
        .containsExactly(1, 1, AppleEmbedding.WIDTH);
    assertThat(session.encode(most, 1, new RunStop()).states().shape())
        .containsExactly(1, card.maxTokens(), AppleEmbedding.WIDTH);
    assertRejected("invalid_tokens", () -> session.encode(new long[0], 1, new RunStop()));
    assertRejected(
        "invalid_tokens", () -> session.encode(new long[card.maxTokens() + 1], 1, new RunStop()));
  }

  @Test
  void aLayerThatTheModelDoesNotGiveIsRejected() {
    for (int clipSkip : new int[] {0, 2}) {
      assertRejected(
          "unsupported_request",
          () -> session.encode(ids(AppleEmbedding.IDS), clipSkip, new RunStop()));
    }
  }

  @Test
  void aRunThatIsStoppedGivesNoStates() {
    RunStop stop = new RunStop();
    stop.stop();

    assertThatThrownBy(() -> session.encode(ids(AppleEmbedding.IDS), 1, stop))
        .isInstanceOf(RunStoppedException.class);
  }

  @Test
  void aGraphOfAnotherWidthThanTheManifestSaysIsRejected() {
    TextEncoder wider =
        new TextEncoder(
            card.tokenizer(),
            card.model(),
            card.output(),
            card.maxTokens(),
            AppleEmbedding.WIDTH + 1);
    assertRejected("invalid_tensor", () -> open(wider));
  }

  @Test
  void aGraphThatIsNoTextEncoderIsRejected() {
    TextEncoder unet =
        new TextEncoder(card.tokenizer(), starter.unet().model(), "out_sample", 32, 384);
    assertRejected("invalid_model", () -> open(unet));
  }

  @Test
  void aTextEncoderThatIsNotTheManifestsIsNotLoaded(@TempDir Path folder) throws IOException {
    for (String file :
        List.of("starter/manifest.json", "starter/scheduler/scheduler_config.json")) {
      Files.createDirectories(folder.resolve(file).getParent());
      Files.copy(CATALOGUE.resolve(file), folder.resolve(file));
    }
    Files.writeString(folder.resolve("pools.yaml"), "default: [starter]");
    Files.createDirectories(folder.resolve("starter/text_encoder"));
    Files.writeString(folder.resolve("starter/text_encoder/model.onnx"), "another");
    Catalogue altered = Catalogue.open(folder);

    assertThatThrownBy(() -> new ModelTextEncoders(altered, SessionSettings.cpu(1), 0, 0))
        .isInstanceOf(InvalidCatalogueException.class)
        .hasMessageContaining("starter/text_encoder/model.onnx: altered");
  }

  private static void assertRejected(String code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private static long[] ids(List<Long> ids) {
    return ids.stream().mapToLong(Long::longValue).toArray();
  }
}
