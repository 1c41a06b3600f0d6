package dev.latentline.gateway.expand;

import java.util.ArrayList;
import java.util.List;

/**
 * What a choice is made of, each at most once: its options, where one that is a wildcard and
 * nothing else stands for the lines of the file, of which it has some as long as one is left. Not
 * thread-safe.
 */
final class Candidates {
  private final List<Source> sources = new ArrayList<>();

  private Candidates(List<Node.Option> options, boolean eachLine, Wildcards wildcards) {
    for (Node.Option option : options) {
      boolean isFile = eachLine && isWildcard(option.nodes());
      sources.add(
          new Source(
              option,
              isFile
                  ? wildcards.require(((Node.Wildcard) option.nodes().get(0)).name())
                  : Wildcards.Lines.NONE));
    }
    sources.removeIf(source -> source.option.weight() == 0);
  }

  /**
   * @param node a wildcard, or a choice of one or several
   */
  static Candidates of(Node node, Wildcards wildcards) {
    if (node instanceof Node.Several choice) {
      return new Candidates(choice.options(), true, wildcards);
    }
    return node instanceof Node.OneOf choice
        ? new Candidates(choice.options(), false, wildcards)
        : new Candidates(List.of(new Node.Option(1, List.of(node))), true, wildcards);
  }

  private static boolean isWildcard(List<Node> nodes) {
    return nodes.size() == 1 && nodes.get(0) instanceof Node.Wildcard;
  }

  /** How many there are. */
  int count() {
    return sources.stream().mapToInt(source -> Math.max(1, source.lines.choosable())).sum();
  }

  /** One that was not taken before; there must be one. */
  List<Node> take(Draws draws) {
    long at = draws.below(sources.stream().mapToLong(source -> source.option.weight()).sum());
    int index = 0;
    while (at >= sources.get(index).option.weight()) {
      at -= sources.get(index++).option.weight();
    }
    Source source = sources.get(index);
    List<Node> taken = source.take(draws);
    if (source.isEmpty()) {
      sources.remove(index);
    }
    return taken;
  }

  /** An option, or the lines that it stands for, which lie side by side, as long as they weigh. */
  private static final class Source {
    private final Node.Option option;
    private final Wildcards.Lines lines;

    /** Ascending. */
    private final List<Integer> taken = new ArrayList<>();

    Source(Node.Option option, Wildcards.Lines lines) {
      this.option = option;
      this.lines = lines;
    }

    boolean isEmpty() {
      return taken.size() >= lines.choosable();
    }

    List<Node> take(Draws draws) {
      if (lines == Wildcards.Lines.NONE) {
        return option.nodes();
      }
      long at = draws.below(lines.weight() - taken.stream().mapToLong(lines::weight).sum());
      int place = 0;
      while (place < taken.size() && lines.begin(taken.get(place)) <= at) {
        at += lines.weight(taken.get(place++));
      }
      int line = lines.at(at);
      taken.add(place, line);
      return TemplateParser.parse(lines.texts().get(line));
    }
  }
}
