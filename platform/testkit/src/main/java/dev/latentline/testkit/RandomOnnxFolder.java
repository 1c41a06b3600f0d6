package dev.latentline.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;

/**
 * A model as a folder of ONNX graphs, from what parity/golden_onnx.py wrote; the numbers of its
 * weights follow from their names.
 */
public record RandomOnnxFolder(Path path) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Writes it.
   *
   * @param family of parity/golden/onnx
   * @param path of the folder
   */
  public static RandomOnnxFolder of(String family, Path path) throws IOException {
    Path golden = RandomCheckpoint.templates().resolveSibling("golden/onnx/" + family);
    for (Map.Entry<String, JsonNode> part :
        JSON.readTree(golden.resolve("weights.json").toFile()).properties()) {
      Path folder = Files.createDirectories(path.resolve(part.getKey()));
      Files.write(
          folder.resolve("model.onnx"), unzipped(golden.resolve(part.getKey() + ".onnx.gz")));
      try (OutputStream out =
          Files.newOutputStream(folder.resolve(part.getValue().path("file").asText()))) {
        for (JsonNode tensor : part.getValue().path("tensors")) {
          out.write(numbers(tensor));
        }
      }
    }
    RandomOnnxFolder written = new RandomOnnxFolder(path);
    written.json("unet/config.json", JSON.createObjectNode().put("in_channels", 4));
    JsonNode tokenizer =
        JSON.readTree(
            unzipped(
                Path.of(System.getProperty("latentline.home"))
                    .resolve("models/templates/clip-tokenizer.json.gz")));
    written.json("tokenizer/vocab.json", tokenizer.at("/model/vocab"));
    return written;
  }

  private static byte[] unzipped(Path file) throws IOException {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      return in.readAllBytes();
    }
  }

  private static byte[] numbers(JsonNode tensor) {
    long[] shape =
        StreamSupport.stream(tensor.path("shape").spliterator(), false)
            .mapToLong(JsonNode::longValue)
            .toArray();
    float[] numbers = RandomCheckpoint.numbers(tensor.path("name").asText(), shape);
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(numbers);
    return bytes.array();
  }

  /** Writes one of its JSON files. */
  public void json(String name, JsonNode content) throws IOException {
    Path file = path.resolve(name);
    Files.createDirectories(file.getParent());
    JSON.writeValue(file.toFile(), content);
  }
}
