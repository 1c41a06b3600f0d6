package dev.latentline.prompt.grammar;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Several prompts in one, whose effects are added (Liu et al. 2022, arXiv:2206.01714): {@code a AND
 * b:0.5}.
 */
public final class Composition {
  private static final Pattern AND = Lexemes.word("AND");
  private static final Pattern WEIGHT = Pattern.compile("\\s*:\\s*(" + Lexemes.NUMBER + ")\\s*$");

  private Composition() {}

  /**
   * One of the prompts.
   *
   * @param weight 1 where none is written
   */
  public record Prompt(String text, double weight) {}

  /** In their order; at least one. */
  public static List<Prompt> of(String prompt) {
    return Arrays.stream(AND.split(prompt, -1)).map(Composition::weighted).toList();
  }

  private static Prompt weighted(String text) {
    Matcher weight = WEIGHT.matcher(text);
    // from the last colon only: the pattern would try at every run of blanks
    int colon = text.lastIndexOf(':');
    if (colon < 0 || !weight.region(blanksBefore(text, colon), text.length()).lookingAt()) {
      return new Prompt(text.stripTrailing(), 1);
    }
    return new Prompt(text.substring(0, weight.start()), Double.parseDouble(weight.group(1)));
  }

  private static int blanksBefore(String text, int at) {
    int from = at;
    while (from > 0 && isBlank(text.charAt(from - 1))) {
      from--;
    }
    return from;
  }

  /** As the pattern has it: what it does not pass over must not be before it. */
  private static boolean isBlank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
  }
}
