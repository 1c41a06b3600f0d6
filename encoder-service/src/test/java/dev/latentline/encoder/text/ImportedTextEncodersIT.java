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
import dev.latentline.inference.inversion.InsertedTokens;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.Lora;
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
    TextModel xl = model(catalogue, "xl");

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20, 0)) {
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

  @Test
  void toARefinerTheLackOfANegativePromptIsAnEmptyText() throws Exception {
    Catalogue catalogue =
        Catalogue.open(
            List.of(
                HOME.resolve("models/target/catalogue"), imported("tiny-sdxl-refiner", "fine")));
    TextModel fine = model(catalogue, "fine");
    int width = catalogue.find("fine").orElseThrow().unet().contextSize();

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20, 0)) {
      EncodedText text = encoders.encode(fine, List.of(TEXT), LAST, new RunStop());
      EncodedText nothing = encoders.encodeNothing(fine, List.of(TEXT), LAST, new RunStop());

      assertThat(text.states().shape()).containsExactly(1, 77, width);
      assertThat(nothing.states().data()).isEqualTo(text.states().data());
      assertThat(nothing.pooled().orElseThrow().data())
          .isEqualTo(text.pooled().orElseThrow().data());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-sd1", "tiny-sd2", "tiny-sdxl"})
  void weightsAndChunksGiveTheStatesThatTransformersAndTheirArithmeticGive(String family)
      throws Exception {
    SafetensorsFile golden =
        SafetensorsFile.open(HOME.resolve("parity/golden/prompts-" + family + ".safetensors"));
    Catalogue catalogue =
        Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), imported(family, "it")));
    ModelCard card = catalogue.find("it").orElseThrow();
    TextModel model = model(catalogue, "it");
    int prompts = new ObjectMapper().readTree(golden.metadata().get("prompts")).size();

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20, 0)) {
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
        SafetensorsFile.open(HOME.resolve("parity/golden/" + family + ".safetensors"));
    Catalogue catalogue =
        Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), imported(family, "it")));
    ModelCard card = catalogue.find("it").orElseThrow();
    TextModel model = model(catalogue, "it");
    TokenIds.Builder tokens = TokenIds.newBuilder();
    ByteBuffer ids = golden.map(golden.find("text.0.ids.0").orElseThrow());
    while (ids.hasRemaining()) {
      tokens.addIds(ids.getLong());
    }

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20, 0)) {
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
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20, 0)) {
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

  @ParameterizedTest
  @ValueSource(strings = {"tiny-sd1", "tiny-sdxl"})
  void wordsOfTextualInversionsGiveTheStatesThatTransformersGives(String family) throws Exception {
    Path models = imported(family, "it");
    Path inversions = RandomCheckpoint.templates().resolveSibling("golden/inversions");
    List<String> words =
        family.equals("tiny-sd1") ? List.of("ink-wash", "old-map") : List.of("ink-wash");
    for (String word : words) {
      imported(
          inversions.resolve(family).resolve(word + ".safetensors"),
          word,
          models,
          Optional.empty());
    }
    Path golden = inversions.resolve(family).resolve("golden.safetensors");
    SafetensorsFile expected = SafetensorsFile.open(golden);
    Catalogue catalogue = Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), models));
    ModelCard card = catalogue.find("it").orElseThrow();
    TextModel model = reading(catalogue, model(catalogue, "it"), words);
    int prompts = new ObjectMapper().readTree(expected.metadata().get("prompts")).size();

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20, 0)) {
      for (int i = 0; i < prompts; i++) {
        List<TokenIds> tokens =
            Collections.nCopies(card.textEncoders().size(), tokens(expected, Integer.toString(i)));

        EncodedText text = encoders.encode(model, tokens, LAST, new RunStop());

        assertSame(expected, i + ".original", text.states());
        if (text.pooled().isPresent()) {
          assertSame(expected, i + ".pooled", text.pooled().get());
        }
        assertRejected(() -> encoders.encode(model(catalogue, "it"), tokens, LAST, new RunStop()));
      }
      // its own words are what they were
      List<TokenIds> own = Collections.nCopies(card.textEncoders().size(), TEXT);
      assertThat(encoders.encode(model, own, LAST, new RunStop()).states().data())
          .isEqualTo(withoutInversions(own));
    }
  }

  @Test
  void whatIsRememberedIsOfTheVectors() throws Exception {
    Path models = imported("tiny-sd1", "my");
    Path inversions = RandomCheckpoint.templates().resolveSibling("golden/inversions/tiny-sd1");
    imported(inversions.resolve("ink-wash.safetensors"), "ink-wash", models, Optional.empty());
    imported(inversions.resolve("old-map.safetensors"), "old-map", models, Optional.empty());
    Path lora =
        RandomCheckpoint.templates().resolveSibling("golden/loras/tiny-sd1/peft.safetensors");
    imported(lora, "peft", models, Optional.empty());
    Catalogue catalogue = Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), models));
    TextModel map = reading(catalogue, model(catalogue, "my"), List.of("old-map"));
    TextModel ink = reading(catalogue, model(catalogue, "my"), List.of("ink-wash"));
    TextModel both = reading(catalogue, model(catalogue, "my"), List.of("ink-wash", "old-map"));
    TextModel changed = reading(catalogue, model(catalogue, "my", "peft"), List.of("old-map"));

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20, 0)) {
      float[] states = states(encoders, map, InsertedTokens.FIRST);

      // by its place in the request the same id is another's
      assertThat(states(encoders, ink, InsertedTokens.FIRST)).isNotEqualTo(states);
      assertThat(states(encoders, both, InsertedTokens.FIRST + 3)).isSameAs(states);
      assertThat(states(encoders, changed, InsertedTokens.FIRST)).isNotEqualTo(states);
    }
  }

  private static float[] states(ModelTextEncoders encoders, TextModel model, long id) {
    TokenIds text = TEXT.toBuilder().setIds(1, id).build();
    return encoders.encode(model, List.of(text), LAST, new RunStop()).states().data();
  }

  private static TextModel reading(Catalogue catalogue, TextModel model, List<String> words) {
    ModelCard card = catalogue.require(model.model());
    return new TextModel(
        model.model(),
        model.loras(),
        words.stream()
            .map(
                word ->
                    catalogue.textualInversionsOf(card).stream()
                        .filter(inversion -> inversion.name().equals(word))
                        .findFirst()
                        .orElseThrow())
            .map(i -> ModelRef.newBuilder().setName(i.name()).setDigest(i.digest()).build())
            .toList());
  }

  private float[] withoutInversions(List<TokenIds> tokens) throws Exception {
    Path alone = folder.resolve("alone");
    imported(folder.resolve("it.safetensors"), "it", alone, Optional.of(Prediction.EPSILON));
    Catalogue catalogue = Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), alone));
    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20, 0)) {
      return encoders.encode(model(catalogue, "it"), tokens, LAST, new RunStop()).states().data();
    }
  }

  @Test
  void onlyLorasThatChangeATextEncoderChangeWhatIsRemembered() throws Exception {
    Path models = imported("tiny-sd1", "my");
    Path loras = RandomCheckpoint.templates().resolveSibling("golden/loras/tiny-sd1");
    imported(loras.resolve("peft.safetensors"), "peft", models, Optional.empty());
    imported(loras.resolve("locon.safetensors"), "locon", models, Optional.empty());
    Catalogue catalogue = Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), models));

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20, 0)) {
      float[] plain = states(encoders, model(catalogue, "my"));
      float[] changed = states(encoders, model(catalogue, "my", "peft"));

      assertThat(changed).isNotEqualTo(plain);
      assertThat(states(encoders, model(catalogue, "my", "locon"))).isSameAs(plain);
      assertThat(states(encoders, model(catalogue, "my", "peft", "locon"))).isSameAs(changed);
    }
  }

  private static EncodedText encode(
      Catalogue catalogue, ModelTextEncoders encoders, String name, TokenIds tokens) {
    return encoders.encode(model(catalogue, name), List.of(tokens), LAST, new RunStop());
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

  private static float[] states(ModelTextEncoders encoders, TextModel model) {
    return encoders.encode(model, List.of(TEXT), LAST, new RunStop()).states().data();
  }

  private static TextModel model(Catalogue catalogue, String name, String... loras) {
    String digest = catalogue.find(name).orElseThrow().digest();
    return new TextModel(
        ModelRef.newBuilder().setName(name).setDigest(digest).build(),
        Arrays.stream(loras)
            .map(
                lora ->
                    Lora.newBuilder()
                        .setLora(
                            ModelRef.newBuilder()
                                .setName(lora)
                                .setDigest(catalogue.findLora(lora).orElseThrow().digest()))
                        .setWeight(0.5f)
                        .build())
            .toList(),
        List.of());
  }

  private Path imported(String family, String name) throws Exception {
    Path file = RandomCheckpoint.of(family).write(folder.resolve("it.safetensors"));
    // SD 2's does not say
    return imported(file, name, folder.resolve("models"), Optional.of(Prediction.EPSILON));
  }

  private static Path imported(Path file, String name, Path models, Optional<Prediction> prediction)
      throws Exception {
    CheckpointImport.run(
        new ImportOrder(
            file,
            Optional.empty(),
            Optional.empty(),
            name,
            Optional.empty(),
            prediction,
            List.of(HOME.resolve("models/templates"), RandomCheckpoint.templates()),
            models,
            false),
        note -> {});
    return models;
  }
}
