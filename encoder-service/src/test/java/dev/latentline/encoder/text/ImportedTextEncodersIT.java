package dev.latentline.encoder.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.contract.Emphasis;
import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.checkpoint.Prediction;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.TokenIds;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two text encoders that were imported, of which one stands for the whole text too. */
class ImportedTextEncodersIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));
  private static final int WIDTHS = 16 + 24;
  private static final TextOptions LAST = new TextOptions(Emphasis.ORIGINAL, 1);
  private static final TokenIds TEXT =
      TokenIds.newBuilder().addAllIds(List.of(49406L, 320L, 1125L, 49407L)).build();

  @TempDir Path folder;

  @Test
  void textsAreFilledUpAndNothingIsZeros() throws Exception {
    Catalogue catalogue =
        Catalogue.open(
            List.of(HOME.resolve("models/target/catalogue"), imported("tiny-sdxl", "xl")));
    ModelCard card = catalogue.find("xl").orElseThrow();
    ModelRef xl = ModelRef.newBuilder().setName("xl").setDigest(card.digest()).build();

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20)) {
      EncodedText text = encoders.encode(xl, List.of(TEXT, TEXT), LAST, new RunStop());
      EncodedText nothing = encoders.encodeNothing(xl, List.of(TEXT, TEXT), LAST, new RunStop());

      assertThat(text.states().shape()).containsExactly(1, 77, WIDTHS);
      assertThat(text.pooled().orElseThrow().shape()).containsExactly(1, 24);
      // rows behind the text are those of padding, which differ from row to row by position
      float[] states = text.states().data();
      assertThat(Arrays.copyOfRange(states, 76 * WIDTHS, 77 * WIDTHS))
          .doesNotContain(0f)
          .isNotEqualTo(Arrays.copyOfRange(states, 75 * WIDTHS, 76 * WIDTHS));
      assertThat(nothing.states().data()).hasSize(states.length).containsOnly(0f);
      assertThat(nothing.pooled().orElseThrow().data()).containsOnly(0f);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-sd1", "tiny-sd2", "tiny-sdxl"})
  void weightsAndChunksGiveTheStatesThatTransformersAndTheirArithmeticGive(String family)
      throws Exception {
    SafetensorsFile golden =
        SafetensorsFile.open(
            HOME.resolve("models/parity/golden/prompts-" + family + ".safetensors"));
    Catalogue catalogue =
        Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), imported(family, "it")));
    ModelCard card = catalogue.find("it").orElseThrow();
    ModelRef model = ModelRef.newBuilder().setName("it").setDigest(card.digest()).build();
    int prompts = new ObjectMapper().readTree(golden.metadata().get("prompts")).size();

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20)) {
      for (int i = 0; i < prompts; i++) {
        List<TokenIds> tokens =
            Collections.nCopies(card.textEncoders().size(), tokens(golden, Integer.toString(i)));
        for (Emphasis emphasis : List.of(Emphasis.ORIGINAL, Emphasis.NO_NORM)) {
          EncodedText text =
              encoders.encode(model, tokens, new TextOptions(emphasis, 1), new RunStop());

          assertSame(golden, i + "." + emphasis.id(), text.states());
          if (text.pooled().isPresent()) {
            assertSame(golden, i + ".pooled", text.pooled().get());
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-sd1", "tiny-sd2"})
  void aSkippedLayerGivesTheStatesThatTransformersGives(String family) throws Exception {
    SafetensorsFile golden =
        SafetensorsFile.open(HOME.resolve("models/parity/golden/" + family + ".safetensors"));
    Catalogue catalogue =
        Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), imported(family, "it")));
    ModelCard card = catalogue.find("it").orElseThrow();
    ModelRef model = ModelRef.newBuilder().setName("it").setDigest(card.digest()).build();
    TokenIds.Builder tokens = TokenIds.newBuilder();
    ByteBuffer ids = golden.map(golden.find("text.0.ids.0").orElseThrow());
    while (ids.hasRemaining()) {
      tokens.addIds(ids.getLong());
    }

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20)) {
      for (int clipSkip : new int[] {1, 2, 1}) {
        EncodedText text =
            encoders.encode(
                model,
                List.of(tokens.build()),
                new TextOptions(Emphasis.ORIGINAL, clipSkip),
                new RunStop());

        assertSame(golden, clipSkip == 1 ? "text.0.states.0" : "text.0.skipped.0", text.states());
      }
    }
  }

  @Test
  void weightsAndChunksThatDoNotFitAreRejected() throws Exception {
    Catalogue catalogue =
        Catalogue.open(
            List.of(HOME.resolve("models/target/catalogue"), imported("tiny-sd1", "sd1")));
    TokenIds fitting = TEXT.toBuilder().addAllChunks(List.of(1, 3)).build();

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20)) {
      assertThat(encode(catalogue, encoders, "sd1", fitting).states().shape())
          .containsExactly(1, 2 * 77, 16);
      for (TokenIds wrong :
          List.of(
              TEXT.toBuilder().addChunks(3).build(),
              TEXT.toBuilder().addAllChunks(List.of(4, 1)).build(),
              TEXT.toBuilder().addAllChunks(List.of(4, 0)).build(),
              TEXT.toBuilder().addAllChunks(List.of(1, -1, 4)).build(),
              TEXT.toBuilder().addWeights(1.1f).build(),
              TEXT.toBuilder().addAllWeights(List.of(1f, 1f, 1f, Float.NaN)).build())) {
        assertRejected(() -> encode(catalogue, encoders, "sd1", wrong));
      }
      // a text encoder that takes no chunks
      assertRejected(() -> encode(catalogue, encoders, "starter", fitting));
    }
  }

  private static EncodedText encode(
      Catalogue catalogue, ModelTextEncoders encoders, String name, TokenIds tokens) {
    String digest = catalogue.find(name).orElseThrow().digest();
    return encoders.encode(
        ModelRef.newBuilder().setName(name).setDigest(digest).build(),
        List.of(tokens),
        LAST,
        new RunStop());
  }

  private static void assertRejected(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("invalid_tokens"));
  }

  private static TokenIds tokens(SafetensorsFile golden, String prompt) throws IOException {
    TokenIds.Builder tokens = TokenIds.newBuilder();
    ByteBuffer ids = golden.map(golden.find(prompt + ".ids").orElseThrow());
    ByteBuffer weights = golden.map(golden.find(prompt + ".weights").orElseThrow());
    while (ids.hasRemaining()) {
      tokens.addIds(ids.getLong()).addWeights(weights.getFloat());
    }
    ByteBuffer chunks = golden.map(golden.find(prompt + ".chunks").orElseThrow());
    while (chunks.hasRemaining()) {
      tokens.addChunks((int) chunks.getLong());
    }
    return tokens.build();
  }

  /** Largest difference over largest number. */
  private static void assertSame(SafetensorsFile golden, String name, FloatTensor found)
      throws IOException {
    ByteBuffer expected = golden.map(golden.find(name).orElseThrow());
    assertThat(found.data()).hasSize(expected.remaining() / Float.BYTES);
    double difference = 0;
    double largest = 0;
    for (float value : found.data()) {
      float wanted = expected.getFloat();
      difference = Math.max(difference, Math.abs(wanted - value));
      largest = Math.max(largest, Math.abs(wanted));
    }
    assertThat(difference / largest).as(name).isLessThan(1e-4);
  }

  private Path imported(String family, String name) throws Exception {
    Path file = RandomCheckpoint.of(family).write(folder.resolve("it.safetensors"));
    Path models = folder.resolve("models");
    CheckpointImport.run(
        new ImportOrder(
            file,
            Optional.empty(),
            Optional.empty(),
            name,
            Optional.empty(),
            Optional.of(Prediction.EPSILON),
            List.of(HOME.resolve("models/templates"), RandomCheckpoint.templates()),
            models,
            false),
        note -> {});
    return models;
  }
}
