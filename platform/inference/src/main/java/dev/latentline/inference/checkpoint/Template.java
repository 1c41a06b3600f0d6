package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * The graphs of a model's parts without weights, as models/export writes them, and what is known of
 * every model of that architecture.
 *
 * @param title for people
 * @param released when the family appeared: the time of models that do not state one
 * @param prediction what its networks predict where a checkpoint does not say; empty where both are
 *     common and nothing tells
 * @param sizes the side of the pictures it was trained on, in pixels, by prediction
 * @param manifest what manifest.json says of every such model
 * @param scheduler scheduler_config.json of every such model
 * @param parts by folder: each weight of its graph by name
 * @param optional those of the parts that a model can do without
 * @param tokenizers by path in the model's folder: the file beside the template's folder
 * @param shares by part: the template beside this one that has its graph
 */
record Template(
    Path folder,
    String title,
    String released,
    Optional<String> prediction,
    Map<String, Integer> sizes,
    ObjectNode manifest,
    ObjectNode scheduler,
    Map<String, Map<String, WeightPlace>> parts,
    Set<String> optional,
    Map<String, String> tokenizers,
    Map<String, String> shares) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FILE = "template.json";

  /** Of templates that do not say. */
  private static final Map<String, String> CLIP =
      Map.of("tokenizer/tokenizer.json", "clip-tokenizer.json.gz");

  /** Every folder of these that holds a template, by name. */
  static List<Template> in(List<Path> folders) throws IOException {
    List<Template> templates = new ArrayList<>();
    for (Path folder : folders) {
      try (Stream<Path> entries = Files.list(folder)) {
        for (Path entry : entries.sorted().toList()) {
          if (Files.isRegularFile(entry.resolve(FILE))) {
            templates.add(read(entry));
          }
        }
      }
    }
    return templates;
  }

  private static Template read(Path folder) throws IOException {
    JsonNode stated = JSON.readTree(folder.resolve(FILE).toFile());
    Map<String, Integer> sizes = new TreeMap<>();
    stated.path("sizes").properties().forEach(s -> sizes.put(s.getKey(), s.getValue().asInt()));
    return new Template(
        folder,
        stated.path("title").asText(),
        stated.path("released").asText(),
        Optional.ofNullable(stated.path("prediction").textValue()),
        sizes,
        stated.withObject("/manifest"),
        stated.withObject("/scheduler"),
        parts(folder),
        optional(stated),
        texts(stated, "tokenizers", CLIP),
        texts(stated, "shares", Map.of()));
  }

  private static Set<String> optional(JsonNode stated) {
    Set<String> optional = new TreeSet<>();
    stated.path("optional").forEach(part -> optional.add(part.asText()));
    return optional;
  }

  private static Map<String, String> texts(
      JsonNode stated, String name, Map<String, String> absent) {
    Map<String, String> texts = new TreeMap<>();
    stated
        .path(name)
        .properties()
        .forEach(each -> texts.put(each.getKey(), each.getValue().asText()));
    return texts.isEmpty() ? absent : texts;
  }

  private static Map<String, Map<String, WeightPlace>> parts(Path folder) throws IOException {
    Map<String, Map<String, WeightPlace>> parts = new TreeMap<>();
    JsonNode tensors = JSON.readTree(unzipped(folder.resolve("tensors.json.gz")));
    for (Map.Entry<String, JsonNode> part : tensors.properties()) {
      Map<String, WeightPlace> weights = new TreeMap<>();
      for (Map.Entry<String, JsonNode> weight : part.getValue().properties()) {
        weights.put(weight.getKey(), place(weight.getKey(), weight.getValue()));
      }
      parts.put(part.getKey(), weights);
    }
    return parts;
  }

  /** In folders of parts a weight has its own name. */
  private static WeightPlace place(String name, JsonNode node) {
    List<Long> shape = new ArrayList<>();
    node.path("shape").forEach(side -> shape.add(side.longValue()));
    List<WeightPlace.Source> sources = new ArrayList<>();
    sources.add(WeightPlace.Source.of(name));
    for (JsonNode source : node.path("sources")) {
      JsonNode rows = source.path("rows");
      sources.add(
          new WeightPlace.Source(
              source.path("tensor").asText(),
              rows.isMissingNode()
                  ? Optional.empty()
                  : Optional.of(
                      rows(rows.get(0).longValue(), rows.get(1).longValue(), source.path("of"))),
              source.path("transposed").booleanValue(),
              source.path("swapped").booleanValue()));
    }
    return new WeightPlace(shape, sources);
  }

  /** Where it does not say of how many: query, key and value lie in one. */
  private static WeightPlace.Rows rows(long from, long to, JsonNode of) {
    return new WeightPlace.Rows(from, to, of.asLong(3 * (to - from)));
  }

  /** The titles of families, as "one and another": of variants of one family the first. */
  static String familiesOf(List<Template> templates) {
    Map<String, String> titles = new LinkedHashMap<>();
    templates.forEach(each -> titles.putIfAbsent(each.family(), each.title()));
    return String.join(" and ", titles.values());
  }

  /**
   * The folder of the graph that tells it from others: the denoising network's, or its only one.
   */
  String network() {
    return manifest.at("/unet/model").asText(manifest.path("model").asText()).split("/")[0];
  }

  /**
   * How diffusers makes the network of an architecture that it has settings for; empty of others.
   */
  JsonNode settings() throws IOException {
    return JSON.readTree(folder.resolve(FILE).toFile()).path("settings");
  }

  /** Of every model of this architecture. */
  String family() {
    return manifest.path("family").asText();
  }

  /** Whether such models only go on with the pictures of another family. */
  boolean isOfRefiners() {
    return manifest.has("refines");
  }

  /** The graph of a part. */
  byte[] graph(String part) throws IOException {
    Path home = shares.containsKey(part) ? folder.resolveSibling(shares.get(part)) : folder;
    return unzipped(home.resolve(part + ".onnx.gz"));
  }

  static byte[] unzipped(Path file) throws IOException {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      return in.readAllBytes();
    }
  }
}
