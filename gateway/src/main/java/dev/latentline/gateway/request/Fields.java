package dev.latentline.gateway.request;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * The fields of one JSON object, each asked for by name; what is wrong is noted and comes back
 * empty. null is as good as left out.
 */
final class Fields {
  private final ObjectNode object;
  private final String prefix;
  private final Problems problems;

  Fields(ObjectNode object, String prefix, Problems problems) {
    this.object = object;
    this.prefix = prefix;
    this.problems = problems;
  }

  boolean has(String name) {
    return object.hasNonNull(name);
  }

  /** Notes every field that is none of these. */
  void refuseAllBut(List<String> known) {
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      if (!known.contains(field.getKey())) {
        add(
            Text.shown(field.getKey()),
            "unknown_field",
            "There is no such field",
            Allowed.oneOf(known));
      }
    }
  }

  Optional<String> text(String name) {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      return Optional.empty();
    }
    if (!value.isTextual()) {
      add(name, "wrong_type", "Must be a string");
      return Optional.empty();
    }
    return Optional.of(value.textValue());
  }

  /** Text that people wrote; length in code points. */
  Optional<String> prose(String name, int maxCodePoints) {
    Optional<String> text = text(name);
    if (text.isEmpty()) {
      return text;
    }
    String value = text.get();
    int length = value.codePointCount(0, value.length());
    if (length > maxCodePoints) {
      add(
          name,
          "too_long",
          "Has " + length + " characters; at most " + maxCodePoints + " are allowed",
          Allowed.range(0, maxCodePoints));
      return Optional.empty();
    }
    if (!Text.isClean(value)) {
      add(
          name,
          "invalid_text",
          "Holds a control character other than line feed and tab, or half of a surrogate pair");
      return Optional.empty();
    }
    return text;
  }

  Optional<String> oneOf(String name, List<String> values) {
    Optional<String> text = text(name);
    if (text.isPresent() && !values.contains(text.get())) {
      add(name, "not_allowed", "Must be one of " + values, Allowed.oneOf(values));
      return Optional.empty();
    }
    return text;
  }

  OptionalLong oneOfNumbers(String name, List<Integer> values) {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      return OptionalLong.empty();
    }
    if (!value.isIntegralNumber()) {
      add(
          name,
          "wrong_type",
          "Must be a whole number, without quotes or decimals",
          Allowed.numbers(values));
      return OptionalLong.empty();
    }
    if (!value.canConvertToInt() || !values.contains(value.intValue())) {
      add(name, "not_allowed", "Must be one of " + values, Allowed.numbers(values));
      return OptionalLong.empty();
    }
    return OptionalLong.of(value.longValue());
  }

  Optional<Boolean> flag(String name) {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      return Optional.empty();
    }
    if (!value.isBoolean()) {
      add(name, "wrong_type", "Must be true or false, without quotes");
      return Optional.empty();
    }
    return Optional.of(value.booleanValue());
  }

  OptionalLong integer(String name, long min, long max) {
    return multiple(name, min, max, 1);
  }

  OptionalLong multiple(String name, long min, long max, long of) {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      return OptionalLong.empty();
    }
    if (!value.isIntegralNumber()) {
      add(name, "wrong_type", "Must be a whole number, without quotes or decimals");
      return OptionalLong.empty();
    }
    Allowed allowed = of == 1 ? Allowed.range(min, max) : Allowed.multiples(min, max, of);
    if (!value.canConvertToLong() || value.longValue() < min || value.longValue() > max) {
      add(name, "out_of_range", "Must be from " + min + " to " + max, allowed);
      return OptionalLong.empty();
    }
    if (value.longValue() % of != 0) {
      add(name, "not_a_multiple", "Must be a multiple of " + of, allowed);
      return OptionalLong.empty();
    }
    return OptionalLong.of(value.longValue());
  }

  OptionalDouble decimal(String name, double min, double max) {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      return OptionalDouble.empty();
    }
    if (!value.isNumber()) {
      add(name, "wrong_type", "Must be a number, without quotes");
      return OptionalDouble.empty();
    }
    double number = value.doubleValue();
    if (!(number >= min && number <= max)) {
      add(name, "out_of_range", "Must be from " + min + " to " + max, Allowed.range(min, max));
      return OptionalDouble.empty();
    }
    // -0.0 would print, and hash, as another number
    return OptionalDouble.of(number == 0 ? 0 : number);
  }

  Optional<Fields> object(String name) {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      return Optional.empty();
    }
    if (value instanceof ObjectNode inner) {
      return Optional.of(new Fields(inner, prefix + name + ".", problems));
    }
    add(name, "wrong_type", "Must be an object");
    return Optional.empty();
  }

  /** Names, none twice; empty when left out. */
  List<String> names(String name, int most, int maxCodePoints) {
    JsonNode array = object.get(name);
    if (array == null || array.isNull()) {
      return List.of();
    }
    if (!array.isArray()) {
      add(name, "wrong_type", "Must be a list of strings");
      return List.of();
    }
    if (array.size() > most) {
      add(
          name,
          "too_many",
          "Has " + array.size() + " entries; at most " + most,
          Allowed.range(0, most));
      return List.of();
    }
    List<String> found = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      String value = array.get(i).textValue();
      String path = name + "[" + i + "]";
      if (value == null) {
        add(path, "wrong_type", "Must be a string");
      } else if (value.codePointCount(0, value.length()) > maxCodePoints || !Text.isClean(value)) {
        add(
            path,
            "invalid_text",
            "A name has at most " + maxCodePoints + " characters and no control ones");
      } else if (found.contains(value)) {
        add(path, "duplicate", "Is named twice");
      } else {
        found.add(value);
      }
    }
    return found;
  }

  /** The elements of a list of objects, none when left out; empty when something is wrong. */
  Optional<List<Fields>> objects(String name, int max) {
    JsonNode array = object.get(name);
    if (array == null || array.isNull()) {
      return Optional.of(List.of());
    }
    if (!array.isArray()) {
      add(name, "wrong_type", "Must be a list of objects");
      return Optional.empty();
    }
    if (array.size() > max) {
      add(
          name,
          "too_many",
          "Has " + array.size() + " entries; at most " + max,
          Allowed.range(0, max));
      return Optional.empty();
    }
    List<Fields> found = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      String path = name + "[" + i + "]";
      if (array.get(i) instanceof ObjectNode inner) {
        found.add(new Fields(inner, prefix + path + ".", problems));
      } else {
        add(path, "wrong_type", "Must be an object");
      }
    }
    return found.size() == array.size() ? Optional.of(found) : Optional.empty();
  }

  /** Each of the values, none twice; empty when left out. */
  List<String> someOf(String name, List<String> values) {
    JsonNode array = object.get(name);
    if (array == null || array.isNull()) {
      return List.of();
    }
    if (!array.isArray()) {
      add(name, "wrong_type", "Must be a list of strings", Allowed.oneOf(values));
      return List.of();
    }
    if (array.isEmpty()) {
      add(name, "empty", "Name at least one, or leave it out for all", Allowed.oneOf(values));
    }
    List<String> found = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      JsonNode value = array.get(i);
      String path = name + "[" + i + "]";
      if (!value.isTextual()) {
        add(path, "wrong_type", "Must be a string", Allowed.oneOf(values));
      } else if (!values.contains(value.textValue())) {
        add(path, "not_allowed", "Must be one of " + values, Allowed.oneOf(values));
      } else if (found.contains(value.textValue())) {
        add(path, "duplicate", "Is named twice");
      } else {
        found.add(value.textValue());
      }
    }
    return found;
  }

  List<String> names() {
    return object.properties().stream().map(Map.Entry::getKey).toList();
  }

  /** Notes what is wrong with the object itself. */
  void refuseWhole(String code, String message, Allowed allowed) {
    String path = prefix.isEmpty() ? "" : prefix.substring(0, prefix.length() - 1);
    problems.add(new FieldError(path, code, message, Optional.of(allowed)));
  }

  void add(String name, String code, String message) {
    problems.add(new FieldError(prefix + name, code, message));
  }

  void add(String name, String code, String message, Allowed allowed) {
    problems.add(new FieldError(prefix + name, code, message, Optional.of(allowed)));
  }
}
