package dev.latentline.prompt.grammar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much the words of a prompt weigh: {@code (a)} 1.1 times as much, {@code (a:1.3)} 1.3 times,
 * {@code [a]} less by 1.1; a backslash makes a bracket one of the text. What is not closed holds to
 * the end.
 */
public final class Attention {
  private static final double ROUND = 1.1;
  private static final double SQUARE = 1 / 1.1;

  /** More of them open at once are plain text. */
  private static final int MAX_OPEN = 100;

  private static final Pattern TOKEN =
      Pattern.compile(
          "\\\\[()\\[\\]\\\\]|\\\\|\\(|\\[|:\\s*("
              + Lexemes.NUMBER
              + ")\\s*\\)|\\)|]|[^\\\\()\\[\\]:]+|:");
  private static final Pattern BREAK = Lexemes.word("BREAK");

  private Attention() {}

  /** A part of a prompt. */
  public sealed interface Part {
    /** Text of one weight. */
    record Weighted(String text, double weight) implements Part {}

    /** What follows begins a chunk of tokens of its own. */
    record Break() implements Part {}
  }

  /** In the order of the text, neighbours of one weight joined; at least one. */
  public static List<Part> parse(String prompt) {
    Parser parser = new Parser();
    Matcher token = TOKEN.matcher(prompt);
    while (token.find()) {
      parser.take(token.group(), token.group(1));
    }
    return parser.parts();
  }

  private static final class Parser {
    private final List<String> texts = new ArrayList<>();

    /** Of the texts. Up to 100 brackets weigh them one by one: no numbers in boxes. */
    private double[] weights = new double[16];

    private final Deque<Integer> round = new ArrayDeque<>();
    private final Deque<Integer> square = new ArrayDeque<>();

    void take(String token, String weight) {
      if (token.startsWith("\\")) {
        add(token.substring(1), 1);
      } else if (token.equals("(") && round.size() < MAX_OPEN) {
        round.push(texts.size());
      } else if (token.equals("[") && square.size() < MAX_OPEN) {
        square.push(texts.size());
      } else if (weight != null && !round.isEmpty()) {
        multiply(round.pop(), Double.parseDouble(weight));
      } else if (token.equals(")") && !round.isEmpty()) {
        multiply(round.pop(), ROUND);
      } else if (token.equals("]") && !square.isEmpty()) {
        multiply(square.pop(), SQUARE);
      } else {
        String[] parts = BREAK.split(token, -1);
        for (int i = 0; i < parts.length; i++) {
          if (i > 0) {
            add(null, Double.NaN);
          }
          // blanks beside it are its own
          String afterIt = i > 0 ? parts[i].stripLeading() : parts[i];
          add(i < parts.length - 1 ? afterIt.stripTrailing() : afterIt, 1);
        }
      }
    }

    private void add(String text, double weight) {
      if (texts.size() == weights.length) {
        weights = Arrays.copyOf(weights, 2 * weights.length);
      }
      weights[texts.size()] = weight;
      texts.add(text);
    }

    private void multiply(int from, double by) {
      for (int i = from; i < texts.size(); i++) {
        weights[i] *= by;
      }
    }

    List<Part> parts() {
      // from the outermost, as the original
      round.descendingIterator().forEachRemaining(from -> multiply(from, ROUND));
      square.descendingIterator().forEachRemaining(from -> multiply(from, SQUARE));
      List<Part> parts = new ArrayList<>();
      int i = 0;
      while (i < texts.size()) {
        if (texts.get(i) == null) {
          parts.add(new Part.Break());
          i++;
          continue;
        }
        double weight = weights[i];
        StringBuilder text = new StringBuilder();
        while (i < texts.size() && texts.get(i) != null && weights[i] == weight) {
          text.append(texts.get(i++));
        }
        parts.add(new Part.Weighted(text.toString(), weight));
      }
      return parts.isEmpty() ? List.of(new Part.Weighted("", 1)) : parts;
    }
  }
}
