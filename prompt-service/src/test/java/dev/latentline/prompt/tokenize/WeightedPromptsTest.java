package dev.latentline.prompt.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.inference.catalogue.TextualInversionCard;
import dev.latentline.inference.inversion.InsertedTokens;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.prompt.grammar.Attention;
import dev.latentline.proto.v1.TokenIds;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** CLIP's tokenizer and the prompts of golden_prompts.py and golden_inversions.py. */
class WeightedPromptsTest {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));
  private static final Path MODELS = HOME.resolve("models");

  static final InsertedTokens NONE = new InsertedTokens(List.of());

  @TempDir Path folder;

  @Test
  void promptsAreTheTokensWeightsAndChunksThatWereReadByHand() throws IOException {
    assertRead("prompts-tiny-sd1.safetensors", 6, NONE);
  }

  @Test
  void wordsOfTextualInversionsAreTheirVectorsAndStayTogether() throws IOException {
    assertRead(
        "inversions/tiny-sd1/golden.safetensors",
        3,
        new InsertedTokens(List.of(inversion("ink-wash", 3), inversion("old-map", 1))));
  }

  static TextualInversionCard inversion(String name, int vectors) {
    return new TextualInversionCard(
        name,
        "sha256:" + name,
        Path.of(name),
        List.of("test"),
        "MIT",
        "",
        Instant.EPOCH,
        vectors,
        "textual_inversion.safetensors",
        Map.of());
  }

  @Test
  void aLongerWordIsTakenBeforeOneThatItBeginsWith() throws IOException {
    InsertedTokens inserted =
        new InsertedTokens(List.of(inversion("bad-hand", 2), inversion("bad-hand-5", 1)));
    try (TextTokenizer tokenizer = clip()) {
      List<Chunker.Chunk> chunks =
          tokenizer.chunks(Attention.parse("Bad-Hand-5 bad - hand bad-hands"), inserted);

      assertThat(chunks.get(0).ids().subList(0, 3))
          .containsExactly(
              InsertedTokens.FIRST + 2, InsertedTokens.FIRST, InsertedTokens.FIRST + 1);
      assertThat(chunks.get(0).ids().subList(3, chunks.get(0).ids().size()))
          .allMatch(id -> id < InsertedTokens.FIRST);
    }
  }

  private void assertRead(String file, int least, InsertedTokens inserted) throws IOException {
    SafetensorsFile golden = SafetensorsFile.open(HOME.resolve("parity/golden").resolve(file));
    JsonNode prompts = new ObjectMapper().readTree(golden.metadata().get("prompts"));
    assertThat(prompts).hasSizeGreaterThanOrEqualTo(least);
    try (TextTokenizer tokenizer = clip()) {
      for (int i = 0; i < prompts.size(); i++) {
        List<Attention.Part> parts = Attention.parse(prompts.get(i).textValue());
        List<Chunker.Chunk> chunks = tokenizer.chunks(parts, inserted);
        TokenIds tokens = tokenizer.framed(chunks, chunks.size());

        assertThat(tokens.getIdsList()).isEqualTo(longs(golden, i + ".ids"));
        assertThat(tokens.getChunksList().stream().map(Long::valueOf))
            .containsExactlyElementsOf(longs(golden, i + ".chunks"));
        List<Float> ones = Collections.nCopies(tokens.getIdsCount(), 1f);
        assertThat(tokens.getWeightsCount() == 0 ? ones : tokens.getWeightsList())
            .isEqualTo(floats(golden, i + ".weights"));
        assertThat(tokens.getCut()).isZero();
      }
    }
  }

  @Test
  void aShortPromptWithoutWeightsHasTheTokensOfAPlainOne() throws IOException {
    try (TextTokenizer tokenizer = clip()) {
      for (String prompt : List.of("", "a red apple, on a table", "caf\u00e9 \uD83C\uDF4E")) {
        TokenIds plain = tokenizer.encode(prompt);
        TokenIds chunked = tokenizer.framed(tokenizer.chunks(Attention.parse(prompt), NONE), 1);

        assertThat(chunked.getIdsList()).isEqualTo(plain.getIdsList());
        assertThat(chunked.getWeightsList()).isEmpty();
      }
    }
  }

  @Test
  void whatIsBehindTheLastChunkIsCutAndWhatIsMissingIsEmpty() throws IOException {
    try (TextTokenizer tokenizer = clip()) {
      List<Chunker.Chunk> chunks =
          tokenizer.chunks(Attention.parse("word ".repeat(75) + "(a b:2) c"), NONE);

      assertThat(tokenizer.framed(chunks, 1).getCut()).isEqualTo(3);
      assertThat(tokenizer.framed(chunks, 1).getChunksList()).containsExactly(77);
      assertThat(tokenizer.framed(chunks, 1).getWeightsList()).isEmpty();
      assertThat(tokenizer.framed(chunks, 3).getChunksList()).containsExactly(77, 5, 2);
      assertThat(tokenizer.framed(chunks, 3).getWeightsList()).hasSize(84).contains(2f);
    }
  }

  private TextTokenizer clip() throws IOException {
    return clip(folder);
  }

  static TextTokenizer clip(Path folder) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    if (!Files.exists(file)) {
      try (InputStream in =
          new GZIPInputStream(
              Files.newInputStream(MODELS.resolve("templates/clip-tokenizer.json.gz")))) {
        Files.copy(in, file);
      }
    }
    return TextTokenizer.open(file, 77);
  }

  private static List<Long> longs(SafetensorsFile golden, String name) throws IOException {
    StoredTensor tensor = golden.find(name).orElseThrow();
    ByteBuffer bytes = golden.map(tensor);
    List<Long> values = new ArrayList<>();
    for (int i = 0; i < tensor.elements(); i++) {
      values.add(bytes.getLong(i * Long.BYTES));
    }
    return values;
  }

  private static List<Float> floats(SafetensorsFile golden, String name) throws IOException {
    StoredTensor tensor = golden.find(name).orElseThrow();
    ByteBuffer bytes = golden.map(tensor);
    List<Float> values = new ArrayList<>();
    for (int i = 0; i < tensor.elements(); i++) {
      values.add(bytes.getFloat(i * Float.BYTES));
    }
    return values;
  }
}
