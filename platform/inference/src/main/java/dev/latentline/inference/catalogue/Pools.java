package dev.latentline.inference.catalogue;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.latentline.contract.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** pools.yaml: which models the replicas of a pool serve. A model is in exactly one pool. */
final class Pools {
  static final String FILE = "pools.yaml";
  private static final String DEFAULT = "default";
  private static final int MAX_BYTES = 64 * 1024;

  private static final YAMLMapper YAML =
      YAMLMapper.builder(
              YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Pools() {}

  /**
   * Models by pool; what is wrong is noted.
   *
   * @param models each is in a pool
   * @param added each may be, and is otherwise in the pool default
   */
  static SortedMap<String, List<String>> read(
      Path catalogue, Collection<String> models, Collection<String> added, List<String> problems) {
    SortedMap<String, List<String>> pools = new TreeMap<>();
    JsonNode root = parse(catalogue.resolve(FILE), problems);
    if (root == null) {
      return pools;
    }
    if (!root.isObject() || root.isEmpty()) {
      problems.add(FILE + ": must be a mapping of pools to lists of models, default: [starter]");
      return pools;
    }
    Map<String, String> poolOf = new TreeMap<>();
    for (Map.Entry<String, JsonNode> pool : root.properties()) {
      if (!pool.getKey().matches(Limits.NAME_PATTERN)) {
        problems.add(FILE + ": " + pool.getKey() + " is no name of a pool");
      }
      List<String> members = new ArrayList<>();
      if (!pool.getValue().isArray() || pool.getValue().isEmpty()) {
        problems.add(FILE + ": " + pool.getKey() + " must be a list of models");
      }
      for (JsonNode model : pool.getValue()) {
        String name = model.isTextual() ? model.textValue() : model.toString();
        if (!models.contains(name) && !added.contains(name)) {
          problems.add(
              FILE + ": " + pool.getKey() + " names " + name + ", and there is no such model");
        }
        String other = poolOf.putIfAbsent(name, pool.getKey());
        if (other != null) {
          problems.add(
              FILE + ": " + name + " is named twice: in " + other + " and " + pool.getKey());
        }
        members.add(name);
      }
      pools.put(pool.getKey(), List.copyOf(members));
    }
    for (String model : models) {
      if (!poolOf.containsKey(model)) {
        problems.add(FILE + ": no pool names the model " + model);
      }
    }
    for (String model : added) {
      if (!poolOf.containsKey(model)) {
        List<String> members = new ArrayList<>(pools.getOrDefault(DEFAULT, List.of()));
        members.add(model);
        pools.put(DEFAULT, List.copyOf(members));
      }
    }
    return pools;
  }

  private static JsonNode parse(Path file, List<String> problems) {
    if (!Files.isRegularFile(file)) {
      problems.add(FILE + ": missing");
      return null;
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        problems.add(FILE + ": longer than " + MAX_BYTES + " bytes");
        return null;
      }
      return YAML.readTree(bytes);
    } catch (JacksonException e) {
      problems.add(
          FILE
              + ": line "
              + (e.getLocation() == null ? "?" : e.getLocation().getLineNr())
              + ": "
              + e.getOriginalMessage().lines().findFirst().orElse("invalid YAML"));
    } catch (IOException e) {
      problems.add(FILE + ": cannot be read: " + e.getMessage());
    }
    return null;
  }
}
