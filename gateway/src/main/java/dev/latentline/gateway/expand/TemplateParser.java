package dev.latentline.gateway.expand;

import dev.latentline.contract.Limits;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads <code>{a|b}</code>, <code>{2::a|b}</code>, <code>{1-2$$ and $$a|b|c}</code> and {@code
 * __name__}. A backslash before a brace, a bar or a wildcard makes it text.
 */
final class TemplateParser {
  private static final Pattern WILDCARD =
      Pattern.compile("__([\\p{L}\\p{N}*][\\p{L}\\p{N}._/*-]{0,127}?)__");

  private static final Pattern COUNT =
      Pattern.compile("\\s*(\\d{1,3})?(-)?(\\d{1,3})?\\$\\$(?:([^{}|$]*)\\$\\$)?");
  private static final Pattern WEIGHT =
      Pattern.compile("\\s*(\\d{1,6}(?:\\.\\d{0,20})?|\\.\\d{1,20})::");

  /** Weights are whole numbers of millionths, so that sums are exact. */
  private static final int DECIMALS = 6;

  private static final long ONE = 1_000_000;

  private static final String SEPARATOR = ", ";

  private final String text;
  private final Matcher wildcard;
  private int at;
  private int depth;

  private TemplateParser(String text) {
    this.text = text;
    this.wildcard = WILDCARD.matcher(text);
  }

  /**
   * @throws TemplateException with code {@code invalid_choice}
   */
  static List<Node> parse(String text) {
    TemplateParser parser = new TemplateParser(text);
    List<Node> nodes = parser.sequence();
    if (parser.at < text.length()) {
      throw invalid("A } closes nothing: put a backslash before one that is text");
    }
    return nodes;
  }

  /** The weight that a line begins with, and what is behind it. */
  static Weighted weighted(String line) {
    Matcher weight = WEIGHT.matcher(line);
    return weight.lookingAt()
        ? new Weighted(millionths(weight.group(1)), line.substring(weight.end()))
        : new Weighted(ONE, line);
  }

  /**
   * A line of a file of wildcards.
   *
   * @param weight in millionths
   */
  record Weighted(long weight, String text) {}

  private static long millionths(String weight) {
    return new BigDecimal(weight)
        .movePointRight(DECIMALS)
        .setScale(0, RoundingMode.HALF_UP)
        .longValueExact();
  }

  /** Up to what ends the option that it is in, or to the end of the text. */
  private List<Node> sequence() {
    List<Node> nodes = new ArrayList<>();
    StringBuilder literal = new StringBuilder();
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '}' || (c == '|' && depth > 0)) {
        break;
      }
      if (c == '\\') {
        escaped(literal);
      } else if (c == '{') {
        flush(literal, nodes);
        nodes.add(choice());
      } else if (c == '$' && text.startsWith("${", at)) {
        throw invalid("${ } is not read here: put a backslash before the { if it is text");
      } else if (isWildcard(at)) {
        flush(literal, nodes);
        nodes.add(new Node.Wildcard(wildcard.group(1)));
        at = wildcard.end();
      } else {
        literal.append(c);
        at++;
      }
    }
    flush(literal, nodes);
    return nodes;
  }

  private void escaped(StringBuilder literal) {
    char next = at + 1 < text.length() ? text.charAt(at + 1) : '\0';
    if (next == '{' || next == '}' || next == '|') {
      literal.append(next);
      at += 2;
    } else if (isWildcard(at + 1)) {
      literal.append(wildcard.group());
      at = wildcard.end();
    } else {
      // one of the prompt's own syntax, with what it is before
      int end = Math.min(text.length(), at + 2);
      literal.append(text, at, end);
      at = end;
    }
  }

  private boolean isWildcard(int from) {
    return from < text.length()
        && text.charAt(from) == '_'
        && wildcard.region(from, text.length()).lookingAt();
  }

  private static void flush(StringBuilder literal, List<Node> nodes) {
    if (literal.length() > 0) {
      nodes.add(new Node.Literal(literal.toString()));
      literal.setLength(0);
    }
  }

  private Node choice() {
    if (++depth > Limits.MAX_CHOICE_DEPTH) {
      throw invalid("Choices are nested deeper than " + Limits.MAX_CHOICE_DEPTH + " levels");
    }
    at++;
    Matcher count = COUNT.matcher(text).region(at, text.length());
    boolean several = count.lookingAt();
    if (several) {
      at = count.end();
    }
    List<Node.Option> options = options();
    depth--;
    return several ? several(count, options) : new Node.OneOf(options);
  }

  private List<Node.Option> options() {
    List<Node.Option> options = new ArrayList<>();
    long sum = 0;
    do {
      Matcher weight = WEIGHT.matcher(text).region(at, text.length());
      long of = ONE;
      if (weight.lookingAt()) {
        of = millionths(weight.group(1));
        at = weight.end();
      }
      options.add(new Node.Option(of, sequence()));
      sum += of;
      if (at == text.length()) {
        throw invalid("A { is not closed: put a backslash before one that is text");
      }
    } while (text.charAt(at++) == '|');
    if (sum == 0) {
      throw invalid("All options of a choice have the weight 0");
    }
    return options;
  }

  private static Node several(Matcher count, List<Node.Option> options) {
    boolean range = count.group(2) != null;
    if (!range && (count.group(1) == null) == (count.group(3) == null)) {
      throw invalid("Say before $$ how many are taken: {2$$a|b|c} or {1-2$$a|b|c}");
    }
    int least = count.group(1) == null ? 1 : Integer.parseInt(count.group(1));
    int most =
        !range
            ? least
            : count.group(3) == null ? Limits.MAX_CHOICES : Integer.parseInt(count.group(3));
    if (least > most) {
      throw invalid("Before $$ the smaller number comes first: {1-2$$a|b|c}");
    }
    if (options.size() > Limits.MAX_OPTIONS_OF_SEVERAL) {
      throw invalid("Several are taken of more than " + Limits.MAX_OPTIONS_OF_SEVERAL + " options");
    }
    String separator = count.group(4) == null ? SEPARATOR : count.group(4);
    return new Node.Several(least, most, separator, options);
  }

  private static TemplateException invalid(String message) {
    return new TemplateException("invalid_choice", message);
  }
}
