package dev.latentline.prompt.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A prompt whose text changes in the course of the steps: {@code [from:to:when]}, {@code [to:when]}
 * and {@code [from::when]} change once, {@code [a|b]} at every step. What is no such thing stays as
 * it is written, with its brackets.
 */
public final class PromptSchedule {
  private static final Pattern WHEN = Pattern.compile("\\s*(" + Lexemes.NUMBER + ")\\s*");

  private PromptSchedule() {}

  /**
   * The text of some steps.
   *
   * @param lastStep it holds up to this step, counted from 1, from where the one before it ended
   */
  public record Part(int lastStep, String text) {}

  /**
   * The texts in their order; the last one's lastStep is the number of steps.
   *
   * @param steps of the picture, at least 1
   */
  public static List<Part> of(String prompt, int steps) {
    List<Node> nodes = new Reader(prompt, steps).read(0, prompt.length());
    TreeSet<Integer> ends = new TreeSet<>();
    ends.add(steps);
    nodes.forEach(node -> node.collectEnds(ends, steps));
    List<Part> parts = new ArrayList<>();
    for (int end : ends) {
      StringBuilder text = new StringBuilder();
      nodes.forEach(node -> node.write(end, text));
      parts.add(new Part(end, text.toString()));
    }
    return parts;
  }

  private sealed interface Node {
    /** Adds the last steps of what changes in it. */
    void collectEnds(TreeSet<Integer> ends, int steps);

    /** Appends its text of a step. */
    void write(int step, StringBuilder text);
  }

  private record Plain(String text) implements Node {
    @Override
    public void collectEnds(TreeSet<Integer> ends, int steps) {
      // never changes
    }

    @Override
    public void write(int step, StringBuilder target) {
      target.append(text);
    }
  }

  private record Change(List<Node> before, List<Node> after, int when) implements Node {
    @Override
    public void collectEnds(TreeSet<Integer> ends, int steps) {
      if (when >= 1) {
        ends.add(when);
      }
      before.forEach(node -> node.collectEnds(ends, steps));
      after.forEach(node -> node.collectEnds(ends, steps));
    }

    @Override
    public void write(int step, StringBuilder text) {
      (step <= when ? before : after).forEach(node -> node.write(step, text));
    }
  }

  private record Alternatives(List<List<Node>> options) implements Node {
    @Override
    public void collectEnds(TreeSet<Integer> ends, int steps) {
      for (int step = 1; step <= steps; step++) {
        ends.add(step);
      }
    }

    @Override
    public void write(int step, StringBuilder text) {
      options.get((step - 1) % options.size()).forEach(node -> node.write(step, text));
    }
  }

  private static final class Reader {
    private final String prompt;
    private final int steps;
    private final Brackets brackets;

    Reader(String prompt, int steps) {
      this.prompt = prompt;
      this.steps = steps;
      this.brackets = Brackets.of(prompt);
    }

    List<Node> read(int from, int to) {
      List<Node> nodes = new ArrayList<>();
      int plainFrom = from;
      for (int i = from; i < to; i++) {
        if (prompt.charAt(i) == '\\') {
          i++;
        } else if (prompt.charAt(i) == '[' && brackets.opens(i)) {
          Optional<Node> special = special(i + 1, brackets.end(i));
          if (special.isPresent()) {
            plain(nodes, plainFrom, i);
            nodes.add(special.get());
            i = brackets.end(i);
            plainFrom = i + 1;
          }
        }
      }
      plain(nodes, plainFrom, to);
      return nodes;
    }

    private void plain(List<Node> nodes, int from, int to) {
      if (from < to) {
        nodes.add(new Plain(prompt.substring(from, to)));
      }
    }

    /** What is between square brackets, where it is more than emphasis. */
    private Optional<Node> special(int from, int to) {
      List<Integer> colons = separators(':', from, to);
      if (colons.size() == 1 || colons.size() == 2) {
        Matcher when = WHEN.matcher(prompt.substring(colons.get(colons.size() - 1) + 1, to));
        if (when.matches()) {
          int first = colons.get(0);
          return Optional.of(
              colons.size() == 1
                  ? new Change(List.of(), read(from, first), step(when.group(1)))
                  : new Change(
                      read(from, first), read(first + 1, colons.get(1)), step(when.group(1))));
        }
      }
      List<Integer> bars = separators('|', from, to);
      if (bars.isEmpty() || !colons.isEmpty()) {
        return Optional.empty();
      }
      List<List<Node>> options = new ArrayList<>();
      int begin = from;
      for (int bar : bars) {
        options.add(read(begin, bar));
        begin = bar + 1;
      }
      options.add(read(begin, to));
      return Optional.of(new Alternatives(options));
    }

    /** Outside of further brackets. */
    private List<Integer> separators(char separator, int from, int to) {
      List<Integer> found = new ArrayList<>();
      for (int i = from; i < to; i++) {
        char c = prompt.charAt(i);
        if (c == '\\') {
          i++;
        } else if (brackets.opens(i)) {
          i = brackets.end(i);
        } else if (c == separator) {
          found.add(i);
        }
      }
      return found;
    }

    /** A number with a point is a part of the steps, another one a step. */
    private int step(String when) {
      double number = Double.parseDouble(when);
      return (int) Math.min(steps, when.contains(".") ? number * steps : number);
    }
  }
}
