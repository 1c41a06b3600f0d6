package dev.latentline.inference.catalogue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.latentline.contract.Limits;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The fields of one JSON object, read once each. What is missing, of a wrong kind, out of range or
 * unknown is noted with its place ("starter/manifest.json: defaults.steps ..."), and reading goes
 * on with a substitute, so that one look finds every problem.
 */
final class Fields {
  private final String file;
  private final String path;
  private final JsonNode object;
  private final List<String> problems;
  private final Set<String> read = new HashSet<>();

  private Fields(String file, String path, JsonNode object, List<String> problems) {
    this.file = file;
    this.path = path;
    this.object = object;
    this.problems = problems;
  }

  static Fields of(String file, JsonNode root, List<String> problems) {
    Fields fields = new Fields(file, "", root, problems);
    if (!root.isObject()) {
      problems.add(file + ": must be a JSON object");
    }
    return fields;
  }

  boolean has(String name) {
    return object.has(name);
  }

  String text(String name, Pattern allowed, String inWords) {
    JsonNode node = take(name);
    if (!node.isTextual() || !allowed.matcher(node.textValue()).matches()) {
      problem(name, "must be " + inWords);
      return "";
    }
    return node.textValue();
  }

  int integer(String name, int min, int max) {
    JsonNode node = take(name);
    if (!node.canConvertToInt()
        || !node.isIntegralNumber()
        || node.intValue() < min
        || node.intValue() > max) {
      problem(name, "must be an integer from " + min + " to " + max);
      return min;
    }
    return node.intValue();
  }

  int integer(String name, int min, int max, int absent) {
    return has(name) ? integer(name, min, max) : absent;
  }

  long longInteger(String name, long min, long max) {
    JsonNode node = take(name);
    if (!node.canConvertToLong()
        || !node.isIntegralNumber()
        || node.longValue() < min
        || node.longValue() > max) {
      problem(name, "must be an integer from " + min + " to " + max);
      return min;
    }
    return node.longValue();
  }

  double number(String name, double min, double max) {
    JsonNode node = take(name);
    if (!node.isNumber() || !(node.doubleValue() >= min && node.doubleValue() <= max)) {
      problem(name, "must be a number from " + min + " to " + max);
      return min;
    }
    return node.doubleValue();
  }

  double number(String name, double min, double max, double absent) {
    return has(name) ? number(name, min, max) : absent;
  }

  /** The elements of an array of so many numbers. */
  List<Double> numbers(String name, int count, double min, double max) {
    return numbers(name, take(name), count, min, max);
  }

  /** Up to so many arrays of so many numbers each. */
  List<List<Double>> rows(String name, int maxRows, int count, double min, double max) {
    JsonNode node = take(name);
    List<List<Double>> rows = new ArrayList<>();
    if (!node.isArray() || node.isEmpty() || node.size() > maxRows) {
      problem(name, "must be an array of 1 to " + maxRows + " arrays of numbers");
      return rows;
    }
    for (int i = 0; i < node.size(); i++) {
      rows.add(numbers(name + "[" + i + "]", node.get(i), count, min, max));
    }
    return rows;
  }

  private List<Double> numbers(String name, JsonNode node, int count, double min, double max) {
    List<Double> numbers = new ArrayList<>();
    boolean good = node.isArray() && node.size() == count;
    for (JsonNode element : node) {
      double value = element.isNumber() ? element.doubleValue() : Double.NaN;
      good &= value >= min && value <= max;
      numbers.add(value);
    }
    if (!good) {
      problem(name, "must be an array of " + count + " numbers from " + min + " to " + max);
    }
    return numbers;
  }

  boolean flag(String name, boolean absent) {
    if (!has(name)) {
      return absent;
    }
    JsonNode node = take(name);
    if (!node.isBoolean()) {
      problem(name, "must be true or false");
      return absent;
    }
    return node.booleanValue();
  }

  /** One of an enum's constants by its name in lower case. */
  <E extends Enum<E>> E choice(String name, Class<E> type, E absent) {
    if (absent != null && !has(name)) {
      return absent;
    }
    JsonNode node = take(name);
    List<String> names = new ArrayList<>();
    for (E constant : type.getEnumConstants()) {
      String id = constant.name().toLowerCase(Locale.ROOT);
      if (id.equals(node.asText())) {
        return constant;
      }
      names.add(id);
    }
    problem(name, "must be one of " + String.join(", ", names));
    return type.getEnumConstants()[0];
  }

  /** Refuses a switch of the original that is not carried out here, unless it is off. */
  void mustBeOff(String name) {
    JsonNode node = object.path(name);
    read.add(name);
    boolean off = node.isMissingNode() || node.isNull() || (node.isBoolean() && !node.asBoolean());
    if (!off) {
      problem(name, "is not supported: only null or false");
    }
  }

  Fields object(String name) {
    JsonNode node = take(name);
    if (!node.isObject()) {
      problem(name, "must be an object");
    }
    return new Fields(file, path + name + ".", node, problems);
  }

  /** The elements of an array of names, none twice. */
  List<String> names(String name, int min, int max) {
    JsonNode node = take(name);
    List<String> names = new ArrayList<>();
    for (JsonNode element : node) {
      String text = element.isTextual() ? element.textValue() : "";
      if (!ManifestFolder.NAME.matcher(text).matches() || names.contains(text)) {
        problem(name, "must hold names (" + Limits.NAME_PATTERN + "), none twice");
        return names;
      }
      names.add(text);
    }
    if (!node.isArray() || names.size() < min || names.size() > max) {
      problem(name, "must be an array of " + min + " to " + max + " names");
    }
    return names;
  }

  /** The elements of an array of objects. */
  <T> List<T> objects(String name, int min, int max, Function<Fields, T> read) {
    JsonNode node = take(name);
    List<T> elements = new ArrayList<>();
    if (!node.isArray() || node.size() < min || node.size() > max) {
      problem(name, "must be an array of " + min + " to " + max + " objects");
      return elements;
    }
    for (int i = 0; i < node.size(); i++) {
      String place = path + name + "[" + i + "]";
      if (!node.get(i).isObject()) {
        problems.add(file + ": " + place + " must be an object");
      } else {
        Fields element = new Fields(file, place + ".", node.get(i), problems);
        elements.add(read.apply(element));
        element.done();
      }
    }
    return elements;
  }

  /** An array of 1 to max texts. */
  List<String> texts(String name, int max, Pattern pattern, String allowed) {
    JsonNode node = take(name);
    List<String> texts = new ArrayList<>();
    boolean good = node.isArray() && !node.isEmpty() && node.size() <= max;
    for (JsonNode element : node) {
      good &= element.isTextual() && pattern.matcher(element.textValue()).matches();
      texts.add(element.asText());
    }
    if (!good) {
      problem(name, "must be an array of 1 to " + max + " " + allowed);
    }
    return texts;
  }

  /** The values of an object with free keys; each value is an object. */
  <T> List<T> entries(String name, int max, BiFunction<String, Fields, T> read) {
    JsonNode node = take(name);
    List<T> entries = new ArrayList<>();
    if (!node.isObject() || node.size() > max) {
      problem(name, "must be an object with at most " + max + " entries");
      return entries;
    }
    node.properties()
        .forEach(
            entry -> {
              String place = path + name + "[\"" + entry.getKey() + "\"]";
              if (!entry.getValue().isObject()) {
                problems.add(file + ": " + place + " must be an object");
                return;
              }
              Fields element = new Fields(file, place + ".", entry.getValue(), problems);
              entries.add(read.apply(entry.getKey(), element));
              element.done();
            });
    return entries;
  }

  /** Notes every field that nobody read. */
  void done() {
    object
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!read.contains(name)) {
                problem(name, "is unknown");
              }
            });
  }

  void problem(String name, String detail) {
    problems.add(file + ": " + path + name + " " + detail);
  }

  private JsonNode take(String name) {
    read.add(name);
    return object.path(name);
  }
}
