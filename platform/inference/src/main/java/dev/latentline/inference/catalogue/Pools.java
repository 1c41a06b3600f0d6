package dev.latentline.inference.catalogue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.latentline.contract.Limits;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** pools.yaml: which models the replicas of a pool serve. A model is in one pool at most. */
final class Pools {
  static final String FILE = "pools.yaml";
  private static final String DEFAULT = "default";

  private Pools() {}

  /**
   * The models that the file names, by pool; what is wrong is noted. A model need not be in one.
   *
   * @param models that can be named
   */
  static SortedMap<String, List<String>> read(
      Path catalogue, Collection<String> models, List<String> problems) {
    SortedMap<String, List<String>> pools = new TreeMap<>();
    JsonNode root = YamlFile.read(catalogue.resolve(FILE), problems);
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
        if (!models.contains(name)) {
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
    return pools;
  }

  /**
   * These pools, with models that none of them names in the pool default.
   *
   * @param added each may be in a pool
   */
  static SortedMap<String, List<String>> with(
      SortedMap<String, List<String>> named, Collection<String> added) {
    SortedMap<String, List<String>> pools = new TreeMap<>(named);
    List<String> unnamed =
        added.stream().filter(a -> named.values().stream().noneMatch(p -> p.contains(a))).toList();
    if (!unnamed.isEmpty()) {
      List<String> members = new ArrayList<>(named.getOrDefault(DEFAULT, List.of()));
      members.addAll(unnamed);
      pools.put(DEFAULT, List.copyOf(members));
    }
    return pools;
  }
}
