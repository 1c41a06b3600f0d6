package dev.latentline.gateway.expand;

import dev.latentline.contract.Limits;
import java.util.List;
import java.util.TreeSet;

/** A prompt with choices in it. Immutable. */
public final class PromptTemplate {
  private final List<Node> nodes;
  private final Wildcards wildcards;

  private PromptTemplate(List<Node> nodes, Wildcards wildcards) {
    this.nodes = nodes;
    this.wildcards = wildcards;
  }

  /**
   * @throws TemplateException with code {@code invalid_choice} where it cannot be read, or {@code
   *     unknown_wildcard}
   */
  public static PromptTemplate parse(String text, Wildcards wildcards) {
    List<Node> nodes = TemplateParser.parse(text);
    TreeSet<String> names = new TreeSet<>();
    Wildcards.collect(nodes, names);
    for (String name : names) {
      if (!wildcards.has(name)) {
        throw new TemplateException("unknown_wildcard", wildcards.unknown(name));
      }
    }
    return new PromptTemplate(nodes, wildcards);
  }

  /** What of a text stands in no braces, whether it can be read as a template or not. */
  public static String outsideOfChoices(String text) {
    StringBuilder outside = new StringBuilder();
    int depth = 0;
    for (int at = 0; at < text.length(); at++) {
      char c = text.charAt(at);
      boolean escaped = at > 0 && text.charAt(at - 1) == '\\';
      if (c == '{' && !escaped) {
        depth++;
      } else if (c == '}' && !escaped && depth > 0) {
        depth--;
      } else if (depth == 0) {
        outside.append(c);
      }
    }
    return outside.toString();
  }

  /** Whether it is the same whatever is drawn. */
  public boolean isFixed() {
    return nodes.stream().allMatch(Node.Literal.class::isInstance);
  }

  /**
   * What it becomes by these draws.
   *
   * @throws TemplateException with code {@code too_many} or {@code too_long} when it is more than
   *     {@link Limits} allow
   */
  public String expand(Draws draws) {
    Expansion expansion = new Expansion(draws);
    StringBuilder text = new StringBuilder();
    expansion.write(nodes, text);
    if (text.codePointCount(0, text.length()) > Limits.MAX_PROMPT_CODE_POINTS) {
      throw tooLong();
    }
    return text.toString();
  }

  private static TemplateException tooLong() {
    return new TemplateException(
        "too_long", "Expanded it has more than " + Limits.MAX_PROMPT_CODE_POINTS + " characters");
  }

  private final class Expansion {
    /** No text of more UTF-16 units has so few characters. */
    private static final int MOST_UNITS = 2 * Limits.MAX_PROMPT_CODE_POINTS;

    private final Draws draws;
    private int choices;

    Expansion(Draws draws) {
      this.draws = draws;
    }

    void write(List<Node> sequence, StringBuilder text) {
      for (Node node : sequence) {
        if (node instanceof Node.Literal literal) {
          text.append(literal.text());
        } else if (node instanceof Node.Wildcard || node instanceof Node.OneOf) {
          Candidates candidates = Candidates.of(node, wildcards);
          count();
          write(candidates.take(draws), text);
        } else if (node instanceof Node.Several choice) {
          several(choice, text);
        }
        refuseTooLong(text);
      }
    }

    private static void refuseTooLong(StringBuilder text) {
      if (text.length() > MOST_UNITS) {
        throw tooLong();
      }
    }

    private void several(Node.Several choice, StringBuilder text) {
      Candidates candidates = Candidates.of(choice, wildcards);
      int most = Math.min(choice.most(), candidates.count());
      int least = Math.min(choice.least(), most);
      int count = least + (most > least ? (int) draws.below(most - least + 1) : 0);
      for (int i = 0; i < count; i++) {
        count();
        StringBuilder option = new StringBuilder();
        write(candidates.take(draws), option);
        text.append(i > 0 ? choice.separator() : "").append(option.toString().strip());
        // not only in the end: a separator can be long
        refuseTooLong(text);
      }
    }

    private void count() {
      if (++choices > Limits.MAX_CHOICES) {
        throw new TemplateException(
            "too_many", "More than " + Limits.MAX_CHOICES + " choices are made in it");
      }
    }
  }
}
