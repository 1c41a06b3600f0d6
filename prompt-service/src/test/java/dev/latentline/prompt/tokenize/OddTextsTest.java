package dev.latentline.prompt.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.inference.inversion.InsertedTokens;
import dev.latentline.prompt.grammar.Attention;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** CLIP's tokenizer and the texts of models/parity/golden_tokens.py, with transformers' ids. */
class OddTextsTest {
  private static final Path MODELS = Path.of(System.getProperty("latentline.home"), "models");

  @TempDir Path folder;

  @Test
  void everyTextHasTheIdsOfTransformers() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    try (InputStream in =
        new GZIPInputStream(
            Files.newInputStream(MODELS.resolve("templates/clip-tokenizer.json.gz")))) {
      Files.copy(in, file);
    }
    List<String> lines = Files.readAllLines(MODELS.resolve("parity/golden/clip-tokens.jsonl"));
    assertThat(lines).hasSizeGreaterThan(400);
    Set<String> other = new TreeSet<>();
    try (TextTokenizer tokenizer = TextTokenizer.open(file, 100_000)) {
      for (String line : lines) {
        JsonNode golden = new ObjectMapper().readTree(line);
        String text = golden.get("text").textValue();
        List<Long> ids = new ArrayList<>();
        golden.get("ids").forEach(id -> ids.add(id.longValue()));

        boolean same =
            tokenizer.encode(text).getIdsList().equals(ids)
                && unframed(tokenizer, text).equals(ids.subList(1, ids.size() - 1));
        if (!same) {
          other.add(golden.get("of").textValue() + ": " + line);
        }
      }
    }
    assertThat(other).isEmpty();
  }

  /** As parts of weighted prompts are read. */
  private static List<Long> unframed(TextTokenizer tokenizer, String text) {
    return tokenizer
        .chunks(List.of(new Attention.Part.Weighted(text, 1)), new InsertedTokens(List.of()))
        .stream()
        .flatMap(chunk -> chunk.ids().stream())
        .toList();
  }
}
