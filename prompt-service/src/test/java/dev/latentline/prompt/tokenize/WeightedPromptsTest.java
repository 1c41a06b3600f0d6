package dev.latentline.prompt.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.prompt.grammar.Attention;
import dev.latentline.proto.v1.TokenIds;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** CLIP's tokenizer and the prompts of models/parity/golden_prompts.py. */
class WeightedPromptsTest {
  private static final Path MODELS = Path.of(System.getProperty("latentline.home"), "models");

  @TempDir Path folder;

  @Test
  void promptsAreTheTokensWeightsAndChunksThatWereReadByHand() throws IOException {
    SafetensorsFile golden =
        SafetensorsFile.open(MODELS.resolve("parity/golden/prompts-tiny-sd1.safetensors"));
    JsonNode prompts = new ObjectMapper().readTree(golden.metadata().get("prompts"));
    assertThat(prompts).hasSizeGreaterThan(5);
    try (TextTokenizer tokenizer = clip()) {
      for (int i = 0; i < prompts.size(); i++) {
        List<Attention.Part> parts = Attention.parse(prompts.get(i).textValue());
        List<Chunker.Chunk> chunks = tokenizer.chunks(parts);
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
        TokenIds chunked = tokenizer.framed(tokenizer.chunks(Attention.parse(prompt)), 1);

        assertThat(chunked.getIdsList()).isEqualTo(plain.getIdsList());
        assertThat(chunked.getWeightsList()).isEmpty();
      }
    }
  }

  @Test
  void whatIsBehindTheLastChunkIsCutAndWhatIsMissingIsEmpty() throws IOException {
    try (TextTokenizer tokenizer = clip()) {
      List<Chunker.Chunk> chunks =
          tokenizer.chunks(Attention.parse("word ".repeat(75) + "(a b:2) c"));

      assertThat(tokenizer.framed(chunks, 1).getCut()).isEqualTo(3);
      assertThat(tokenizer.framed(chunks, 1).getChunksList()).containsExactly(77);
      assertThat(tokenizer.framed(chunks, 1).getWeightsList()).isEmpty();
      assertThat(tokenizer.framed(chunks, 3).getChunksList()).containsExactly(77, 5, 2);
      assertThat(tokenizer.framed(chunks, 3).getWeightsList()).hasSize(84).contains(2f);
    }
  }

  private TextTokenizer clip() throws IOException {
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
