package dev.latentline.inference.safetensors;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The header of a safetensors file, held to the format: every tensor has the bytes that its type
 * and shape say, and together they fill the rest of the file without overlap or gap.
 */
record SafetensorsHeader(Map<String, StoredTensor> tensors, Map<String, String> metadata) {
  /** The format's own bound is 100 MB; real files have less than 1 MB. */
  static final int MAX_BYTES = 16 * 1024 * 1024;

  private static final int MAX_TENSORS = 100_000;
  private static final int MAX_RANK = 8;
  private static final int MAX_NAME_CHARS = 1000;
  private static final String METADATA = "__metadata__";

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(4)
                          .maxDocumentLength(MAX_BYTES)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  SafetensorsHeader {
    tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
  }

  /**
   * @param file its name, for problems
   * @param begin where the tensors' bytes begin
   * @param size of the file
   */
  static SafetensorsHeader parse(String file, byte[] json, long begin, long size) {
    JsonNode root;
    try {
      root = JSON.readTree(json);
    } catch (JacksonException e) {
      throw new InvalidSafetensorsException(
          file + " is no safetensors file: its header is no JSON that can be read");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    if (!root.isObject() || root.size() > MAX_TENSORS) {
      throw new InvalidSafetensorsException(
          file + " is no safetensors file: its header does not list up to 100,000 tensors");
    }
    Map<String, StoredTensor> tensors = new TreeMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      if (entry.getKey().equals(METADATA)) {
        entry.getValue().properties().forEach(p -> metadata.put(p.getKey(), p.getValue().asText()));
      } else {
        tensors.put(entry.getKey(), tensor(file, entry.getKey(), entry.getValue(), begin));
      }
    }
    requireFilled(file, tensors, begin, size);
    return new SafetensorsHeader(tensors, metadata);
  }

  private static StoredTensor tensor(String file, String name, JsonNode node, long begin) {
    if (name.length() > MAX_NAME_CHARS) {
      throw new InvalidSafetensorsException(file + " has a tensor with an endless name");
    }
    // names are shown on terminals
    if (name.chars().anyMatch(Character::isISOControl)) {
      throw new InvalidSafetensorsException(
          file + " has a tensor with control characters in its name");
    }
    StoredType type =
        StoredType.byName(node.path("dtype").asText())
            .orElseThrow(() -> broken(file, name, "has a dtype that is not known"));
    List<Long> shape = new ArrayList<>();
    long bytes = type.bytes();
    for (JsonNode side : node.path("shape")) {
      long length = natural(file, name, side);
      shape.add(length);
      try {
        bytes = Math.multiplyExact(bytes, length);
      } catch (ArithmeticException e) {
        throw broken(file, name, "has a shape that is too large");
      }
    }
    JsonNode offsets = node.path("data_offsets");
    if (!node.path("shape").isArray() || shape.size() > MAX_RANK) {
      throw broken(file, name, "has no shape of up to " + MAX_RANK + " sides");
    }
    if (!offsets.isArray() || offsets.size() != 2) {
      throw broken(file, name, "has no data_offsets");
    }
    long from = natural(file, name, offsets.get(0));
    long to = natural(file, name, offsets.get(1));
    if (to < from || to - from != bytes) {
      throw broken(
          file,
          name,
          "has data_offsets of " + (to - from) + " bytes, its dtype and shape " + bytes);
    }
    if (to > Long.MAX_VALUE - begin) {
      throw broken(file, name, "lies outside the file");
    }
    return new StoredTensor(name, type, shape, begin + from, begin + to);
  }

  private static long natural(String file, String name, JsonNode number) {
    if (!number.isIntegralNumber() || !number.canConvertToLong() || number.longValue() < 0) {
      throw broken(file, name, "has a shape or data_offsets that are no natural numbers");
    }
    return number.longValue();
  }

  private static void requireFilled(
      String file, Map<String, StoredTensor> tensors, long begin, long size) {
    List<StoredTensor> inOrder = new ArrayList<>(tensors.values());
    inOrder.sort(
        Comparator.comparingLong(StoredTensor::begin).thenComparingLong(StoredTensor::end));
    long at = begin;
    for (StoredTensor tensor : inOrder) {
      if (tensor.begin() < at) {
        throw broken(file, tensor.name(), "overlaps another one");
      }
      if (tensor.begin() > at) {
        throw broken(file, tensor.name(), "comes after a gap");
      }
      at = tensor.end();
    }
    if (at != size) {
      throw new InvalidSafetensorsException(
          file
              + " is "
              + (at > size ? "cut short" : "longer than its header says")
              + ": "
              + size
              + " bytes instead of "
              + at
              + "; download it again");
    }
  }

  private static InvalidSafetensorsException broken(String file, String tensor, String what) {
    return new InvalidSafetensorsException(
        file + " is broken: the tensor " + StoredTensor.shown(tensor) + " " + what);
  }
}
