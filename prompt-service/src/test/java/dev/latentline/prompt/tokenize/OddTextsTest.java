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

/** CLIP's and T5's tokenizers and the texts of parity/golden_tokens.py, with transformers' ids. */
class OddTextsTest {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));
  private static final Path MODELS = HOME.resolve("models");

  @TempDir Path folder;

  @Test
  void everyTextHasTheIdsOfTransformers() throws IOException {
    Path file = unzipped("clip-tokenizer.json.gz");
    List<String> lines = Files.readAllLines(HOME.resolve("parity/golden/clip-tokens.jsonl"));
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

  @Test
  void everyTextHasTheIdsOfTransformersT5() throws IOException {
    Path file = unzipped("t5-tokenizer.json.gz");
    List<String> texts = Files.readAllLines(HOME.resolve("parity/golden/clip-tokens.jsonl"));
    List<String> lines = Files.readAllLines(HOME.resolve("parity/golden/t5-tokens.jsonl"));
    assertThat(lines).hasSameSizeAs(texts);
    Set<String> other = new TreeSet<>();
    try (TextTokenizer tokenizer = TextTokenizer.open(file, 100_000);
        TextTokenizer cutting = TextTokenizer.open(file, 8)) {
      for (int i = 0; i < lines.size(); i++) {
        String text = new ObjectMapper().readTree(texts.get(i)).get("text").textValue();
        List<Long> ids = new ArrayList<>();
        new ObjectMapper().readTree(lines.get(i)).forEach(id -> ids.add(id.longValue()));
        // what is cut ends as what is whole, as transformers truncates
        List<Long> cut = new ArrayList<>(ids.subList(0, Math.min(7, ids.size() - 1)));
        cut.add(1L);

        if (!tokenizer.encode(text).getIdsList().equals(ids)
            || !cutting.encode(text).getIdsList().equals(cut)) {
          other.add(texts.get(i) + ": " + tokenizer.encode(text).getIdsList());
        }
      }
    }
    assertThat(other).isEmpty();
  }

  private Path unzipped(String name) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    try (InputStream in =
        new GZIPInputStream(Files.newInputStream(MODELS.resolve("templates").resolve(name)))) {
      Files.copy(in, file);
    }
    return file;
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
