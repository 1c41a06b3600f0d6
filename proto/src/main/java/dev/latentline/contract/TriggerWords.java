package dev.latentline.contract;

import java.util.Collections;
import java.util.List;
import java.util.Locale;
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
    return PART.matcher(text.toLowerCase(Locale.ROOT)).results().map(MatchResult::group).toList();
  }
}
