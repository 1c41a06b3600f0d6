package dev.latentline.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;

/**
 * A Stable Diffusion checkpoint in the original single-file layout, fp16, whose numbers follow from
 * the tensors' names: byte for byte what parity/make_checkpoints.py writes, without Python.
 */
public final class RandomCheckpoint {
  private final Map<String, long[]> tensors;

  private RandomCheckpoint(Map<String, long[]> tensors) {
    this.tensors = tensors;
  }

  /**
   * @param name of a template in parity/templates, such as tiny-sd1
   */
  public static RandomCheckpoint of(String name) throws IOException {
    Map<String, long[]> tensors = new TreeMap<>();
    for (JsonNode part : read(name)) {
      for (JsonNode weight : part) {
        add(weight, tensors);
      }
    }
    return new RandomCheckpoint(tensors);
  }

  /**
   * One part of it as diffusers writes it, with its names.
   *
   * @param name as of {@link #of}
   * @param parts such as unet, or vae_decoder and vae_encoder
   */
  public static RandomCheckpoint ofParts(String name, String... parts) throws IOException {
    Map<String, long[]> tensors = new TreeMap<>();
    JsonNode template = read(name);
    for (String part : parts) {
      for (Map.Entry<String, JsonNode> weight : template.path(part).properties()) {
        JsonNode shape = weight.getValue().path("shape");
        tensors.put(
            weight.getKey(),
            StreamSupport.stream(shape.spliterator(), false)
                .mapToLong(JsonNode::longValue)
                .toArray());
      }
    }
    return new RandomCheckpoint(tensors);
  }

  /**
   * All of it as a folder that diffusers writes.
   *
   * @param name as of {@link #of}
   */
  public static Path writeFolder(String name, Path folder) throws IOException {
    Map<String, List<String>> parts = new TreeMap<>();
    read(name)
        .fieldNames()
        .forEachRemaining(
            part ->
                parts
                    .computeIfAbsent(part.replaceFirst("^vae_.*", "vae"), p -> new ArrayList<>())
                    .add(part));
    for (Map.Entry<String, List<String>> part : parts.entrySet()) {
      String file = part.getKey().startsWith("text_encoder") ? "model" : "diffusion_pytorch_model";
      Path inside = Files.createDirectories(folder.resolve(part.getKey()));
      ofParts(name, part.getValue().toArray(String[]::new))
          .write(inside.resolve(file + ".safetensors"));
    }
    return folder;
  }

  private static JsonNode read(String name) throws IOException {
    Path file = templates().resolve(name).resolve("tensors.json.gz");
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      return new ObjectMapper().readTree(in);
    }
  }

  /** The graph templates that ship, which have the tokenizers, and behind them those of tests. */
  public static List<Path> allTemplates() {
    return List.of(Path.of(System.getProperty("latentline.home"), "models/templates"), templates());
  }

  /** The graph templates with the widths of a test. */
  public static Path templates() {
    return Path.of(System.getProperty("latentline.home"), "parity/templates");
  }

  private static void add(JsonNode weight, Map<String, long[]> tensors) {
    List<Long> shape = new ArrayList<>();
    weight.path("shape").forEach(side -> shape.add(side.longValue()));
    JsonNode source = weight.path("sources").get(0);
    if (source.has("identity")) {
      return;
    }
    String name = source.path("tensor").textValue();
    if (source.has("rows")) {
      // query, key and value in one, and maybe more
      shape.set(0, source.path("of").asLong(3 * shape.get(0)));
    }
    if (source.path("transposed").booleanValue()) {
      Collections.reverse(shape);
    }
    if (name.contains(".mid.attn_1.") && shape.size() == 2) {
      // a convolution of one pixel there
      shape.addAll(List.of(1L, 1L));
    }
    tensors.put(name, shape.stream().mapToLong(Long::longValue).toArray());
  }

  /** The same without the tensors whose names begin so. */
  public RandomCheckpoint without(String prefix) {
    Map<String, long[]> rest = new TreeMap<>(tensors);
    rest.keySet().removeIf(name -> name.startsWith(prefix));
    return new RandomCheckpoint(rest);
  }

  /** The same with a tensor of another shape. */
  public RandomCheckpoint with(String name, long... shape) {
    Map<String, long[]> changed = new TreeMap<>(tensors);
    changed.put(name, shape);
    return new RandomCheckpoint(changed);
  }

  /** The same under other names. */
  public RandomCheckpoint renamed(String from, String to) {
    Map<String, long[]> renamed = new TreeMap<>();
    tensors.forEach((name, shape) -> renamed.put(name.replaceFirst("^" + from, to), shape));
    return new RandomCheckpoint(renamed);
  }

  public Path write(Path file) throws IOException {
    ObjectNode header = new ObjectMapper().createObjectNode();
    long at = 0;
    for (Map.Entry<String, long[]> tensor : tensors.entrySet()) {
      long end = at + Short.BYTES * elements(tensor.getValue());
      ObjectNode stated = header.putObject(tensor.getKey()).put("dtype", "F16");
      Arrays.stream(tensor.getValue()).forEach(stated.putArray("shape")::add);
      stated.putArray("data_offsets").add(at).add(end);
      at = end;
    }
    byte[] json = new ObjectMapper().writeValueAsBytes(header);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      out.write(
          ByteBuffer.allocate(Long.BYTES)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(json.length)
              .array());
      out.write(json);
      for (Map.Entry<String, long[]> tensor : tensors.entrySet()) {
        write(out, tensor.getKey(), tensor.getValue());
      }
    }
    return file;
  }

  private static void write(OutputStream out, String name, long[] shape) throws IOException {
    for (float number : numbers(name, shape)) {
      int half = half(number);
      out.write(half);
      out.write(half >>> 8);
    }
  }

  /** The numbers of a tensor: see parity/weights.py. */
  public static float[] numbers(String name, long... shape) {
    long elements = elements(shape);
    float[] numbers = new float[Math.toIntExact(elements)];
    boolean norm = shape.length == 1 && (name.endsWith(".weight") || name.endsWith(".scale"));
    double spread =
        switch (shape.length) {
          case 1 -> norm ? 0.1 : 0.05;
          case 3 -> 1;
          default -> Math.sqrt(3 / ((double) elements / shape[0]));
        };
    double middle = norm ? 1 : 0;
    long seed = ByteBuffer.wrap(sha256(name)).order(ByteOrder.LITTLE_ENDIAN).getLong();
    for (long i = 1; i <= elements; i++) {
      long z = seed + i * 0x9E3779B97F4A7C15L;
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      z ^= z >>> 31;
      double u = (double) (z >>> 40) / (1 << 23) - 1;
      numbers[(int) i - 1] = (float) (middle + u * spread);
    }
    return numbers;
  }

  /** Rounded to the nearest, ties to even, as numpy does; of numbers below 65,504. */
  private static int half(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7fffffff;
    if (magnitude < 0x38800000) {
      // below 2^-14 a half is a multiple of 2^-24, and so is a float between 0.5 and 1
      float aligned = Float.intBitsToFloat(magnitude) + 0.5f;
      return sign | Float.floatToRawIntBits(aligned) - Float.floatToRawIntBits(0.5f);
    }
    int odd = magnitude >>> 13 & 1;
    return sign | (magnitude + ((15 - 127) << 23) + 0xfff + odd) >>> 13;
  }

  private static long elements(long[] shape) {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
