package dev.latentline.inference.catalogue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.latentline.contract.Limits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** aliases.yaml: other names for models, such as {@code default: my-model}. */
final class Aliases {
  static final String FILE = "aliases.yaml";
  private static final int MAX_ALIASES = 1000;

  private Aliases() {}

  /**
   * The model of each alias, of all folders that have the file; what is wrong is noted.
   *
   * @param models those that can be meant, and that no alias is called like
   */
  static SortedMap<String, String> read(
      List<Path> folders, Collection<String> models, List<String> problems) {
    SortedMap<String, String> aliases = new TreeMap<>();
    for (Path folder : folders) {
      Path file = folder.resolve(FILE);
      if (!Files.exists(file)) {
        continue;
      }
      JsonNode root = YamlFile.read(file, problems);
      if (root == null) {
        continue;
      }
      if (!root.isObject() || root.size() > MAX_ALIASES) {
        problems.add(
            FILE + ": must be a mapping of up to " + MAX_ALIASES + " names, my-alias: starter");
        continue;
      }
      for (Map.Entry<String, JsonNode> alias : root.properties()) {
        String name = alias.getKey();
        String model = alias.getValue().asText();
        if (!name.matches(Limits.NAME_PATTERN)) {
          problems.add(FILE + ": " + name + " is no name (" + Limits.NAME_PATTERN + ")");
        }
        if (models.contains(name)) {
          problems.add(FILE + ": " + name + " is the name of a model already");
        }
        if (!models.contains(model)) {
          problems.add(
              FILE + ": " + name + " stands for " + model + ", and there is no such model");
        }
        if (aliases.put(name, model) != null) {
          problems.add(FILE + ": two folders have an alias " + name);
        }
      }
    }
    return aliases;
  }
}
