package dev.latentline.prompt.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Midjourney's several prompts in one: {@code a::2 b::-0.5}. A double colon ends a prompt, and the
 * number that touches it is its weight.
 */
public final class MultiPrompt {
  private static final Pattern END =
      Pattern.compile("::(?:(" + Lexemes.NUMBER + ")(?![\\p{L}\\p{N}.]))?");

  private MultiPrompt() {}

  /** In their order, weights as they are written, 1 where none is; without those of no text. */
  public static List<Composition.Prompt> of(String prompt) {
    List<Composition.Prompt> prompts = new ArrayList<>();
    Matcher end = END.matcher(prompt);
    int from = 0;
    while (end.find()) {
      double weight = end.group(1) == null ? 1 : Double.parseDouble(end.group(1));
      add(prompts, prompt.substring(from, end.start()), weight);
      from = end.end();
    }
    add(prompts, prompt.substring(from), 1);
    return prompts;
  }

  private static void add(List<Composition.Prompt> prompts, String text, double weight) {
    if (!text.isBlank()) {
      prompts.add(new Composition.Prompt(text.strip(), weight));
    }
  }
}
