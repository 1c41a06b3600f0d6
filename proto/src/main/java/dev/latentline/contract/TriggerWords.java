package dev.latentline.contract;

import java.util.Collections;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * The names of textual inversions among the words of a prompt. A text is parted as CLIP's tokenizer
 * parts it before it looks up tokens, and further at what an {@link PromptSyntax} can have beside a
 * word: case does not matter, nor white space around hyphens, dots and digits.
 */
public final class TriggerWords {
  private static final Pattern PART =
      Pattern.compile(
          "'(?:s|t|re|ve|m|ll|d)|\\p{L}+|\\p{N}|[()\\[\\]|:\\\\]|[^\\s\\p{L}\\p{N}()\\[\\]|:\\\\]+",
          Pattern.UNICODE_CHARACTER_CLASS);

  /** The only character whose lower case is two: the dot is one of its own. */
  private static final int DOTTED_CAPITAL_I = 0x130;

  private final List<String> parts;

  private TriggerWords(List<String> parts) {
    this.parts = parts;
  }

  public static TriggerWords of(String prompt) {
    return new TriggerWords(parts(prompt));
  }

  /**
   * Whether a word may be there: never false where the tokenizer finds it in one piece of a prompt.
   *
   * @param name see {@link Limits#NAME_PATTERN}
   */
  public boolean have(String name) {
    return Collections.indexOfSubList(parts, parts(name)) >= 0;
  }

  private static List<String> parts(String text) {
    return PART.matcher(lowerCase(text)).results().map(MatchResult::group).toList();
  }

  /**
   * Each character by itself, as tokenizers do it. {@link String#toLowerCase} looks at every
   * capital sigma whether it ends a word, and reads the word for that: much too often in a word of
   * sigmas.
   */
  private static String lowerCase(String text) {
    StringBuilder lower = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              if (c == DOTTED_CAPITAL_I) {
                lower.append("i\u0307");
              } else {
                lower.appendCodePoint(Character.toLowerCase(c));
              }
            });
    return lower.toString();
  }
}
