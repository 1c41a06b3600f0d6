package dev.latentline.gateway.expand;

import dev.latentline.contract.Limits;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/** The wildcards of an installation: lines by name. Immutable. */
public final class Wildcards {
  /** Of an installation that has none. */
  public static final Wildcards NONE = new Wildcards(Map.of());

  private final Map<String, Lines> byName;

  private Wildcards(Map<String, Lines> byName) {
    this.byName = byName;
  }

  /**
   * The lines of a name, each a template.
   *
   * @param ends the sum of the weights up to and with each line
   * @param choosable how many have a weight
   */
  record Lines(List<String> texts, long[] ends, int choosable) {
    static final Lines NONE = new Lines(List.of(), new long[0], 0);

    /** Of all of them. */
    long weight() {
      return ends[ends.length - 1];
    }

    long weight(int line) {
      return ends[line] - begin(line);
    }

    long begin(int line) {
      return line == 0 ? 0 : ends[line - 1];
    }

    /** The line that begins at or before this and ends behind it. */
    int at(long place) {
      int low = 0;
      int high = ends.length - 1;
      while (low < high) {
        int middle = (low + high) / 2;
        if (ends[middle] > place) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      return low;
    }
  }

  /**
   * Checks every line, so that no seed finds later what is wrong.
   *
   * @param files lines by name; empty ones, and those that begin with #, are for people
   * @throws IllegalArgumentException with all that is wrong, one a line
   */
  public static Wildcards of(Map<String, List<String>> files) {
    List<String> problems = new ArrayList<>();
    Map<String, Lines> byName = new TreeMap<>();
    Map<String, Set<String>> named = new HashMap<>();
    files.forEach(
        (name, lines) -> {
          named.put(name, new HashSet<>());
          byName.put(name, read(name, lines, named.get(name), problems));
        });
    Wildcards wildcards = new Wildcards(byName);
    named.forEach(
        (name, others) ->
            others.stream()
                .filter(other -> !byName.containsKey(other))
                .map(other -> name + ": " + wildcards.unknown(other))
                .forEach(problems::add));
    if (problems.isEmpty()) {
      Map<String, Integer> depths = new HashMap<>();
      named.keySet().forEach(name -> depth(name, named, depths, problems));
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    return wildcards;
  }

  private static Lines read(
      String name, List<String> lines, Set<String> named, List<String> problems) {
    List<String> texts = new ArrayList<>();
    List<Long> ends = new ArrayList<>();
    int choosable = 0;
    long sum = 0;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      if (line.chars().anyMatch(c -> c != '\t' && Character.isISOControl(c))) {
        problems.add(name + ", line " + (i + 1) + ": it holds a control character");
        continue;
      }
      TemplateParser.Weighted weighted = TemplateParser.weighted(line);
      try {
        collect(TemplateParser.parse(weighted.text()), named);
      } catch (TemplateException e) {
        problems.add(name + ", line " + (i + 1) + ": " + e.getMessage());
      }
      choosable += weighted.weight() > 0 ? 1 : 0;
      sum += weighted.weight();
      texts.add(weighted.text());
      ends.add(sum);
    }
    if (sum == 0) {
      problems.add(name + ": there is no line that can be chosen");
    }
    return new Lines(
        List.copyOf(texts), ends.stream().mapToLong(each -> each).toArray(), choosable);
  }

  /** The names of wildcards that are among nodes. */
  static void collect(List<Node> nodes, Set<String> names) {
    for (Node node : nodes) {
      if (node instanceof Node.Wildcard wildcard) {
        names.add(wildcard.name());
      } else if (node instanceof Node.OneOf choice) {
        choice.options().forEach(option -> collect(option.nodes(), names));
      } else if (node instanceof Node.Several choice) {
        choice.options().forEach(option -> collect(option.nodes(), names));
      }
    }
  }

  /** How many files name one another in a row; -1 in the map while it is being found. */
  private static int depth(
      String name,
      Map<String, Set<String>> named,
      Map<String, Integer> depths,
      List<String> problems) {
    Integer known = depths.get(name);
    if (known != null) {
      if (known < 0) {
        problems.add(name + ": it names itself, or others that name it");
        return 0;
      }
      return known;
    }
    depths.put(name, -1);
    int deepest = 0;
    for (String other : named.get(name)) {
      deepest = Math.max(deepest, depth(other, named, depths, problems));
    }
    if (deepest == Limits.MAX_CHOICE_DEPTH) {
      problems.add(
          name + ": more than " + Limits.MAX_CHOICE_DEPTH + " files name one another in a row");
    }
    depths.put(name, deepest + 1);
    return deepest + 1;
  }

  boolean has(String name) {
    return byName.containsKey(name);
  }

  /** Of a wildcard that is there. */
  Lines require(String name) {
    return Objects.requireNonNull(byName.get(name), name);
  }

  /** What to say where somebody names one that is not there. */
  String unknown(String name) {
    Collection<String> near = NearNames.of(name, byName.keySet());
    String shown = "There is no wildcard __" + name + "__ here";
    return near.isEmpty()
        ? shown + ": put a backslash before it if it is text"
        : shown + "; near it is __" + String.join("__, __", near) + "__";
  }
}
