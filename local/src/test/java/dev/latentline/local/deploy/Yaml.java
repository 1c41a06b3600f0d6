package dev.latentline.local.deploy;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * A place in a YAML document; what is not there is empty.
 *
 * @param value a map, a list, a scalar or null
 */
record Yaml(Object value) {
  /** The documents of a file. */
  static List<Yaml> documents(Path file) {
    try (Reader in = Files.newBufferedReader(file)) {
      org.yaml.snakeyaml.Yaml parser =
          new org.yaml.snakeyaml.Yaml(new SafeConstructor(new LoaderOptions()));
      return StreamSupport.stream(parser.loadAll(in).spliterator(), false).map(Yaml::new).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Yaml at(String... path) {
    Object place = value;
    for (String name : path) {
      place = place instanceof Map<?, ?> map ? map.get(name) : null;
    }
    return new Yaml(place);
  }

  List<Yaml> list() {
    List<Yaml> list = new ArrayList<>();
    if (value instanceof List<?> items) {
      items.forEach(item -> list.add(new Yaml(item)));
    }
    return list;
  }

  Set<String> names() {
    Set<String> names = new java.util.TreeSet<>();
    if (value instanceof Map<?, ?> map) {
      map.keySet().forEach(name -> names.add(name.toString()));
    }
    return names;
  }

  boolean isThere() {
    return value != null;
  }

  String text() {
    return value == null ? "" : value.toString();
  }
}
