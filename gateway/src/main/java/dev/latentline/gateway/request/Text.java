package dev.latentline.gateway.request;

import dev.latentline.contract.Limits;

/** What text from outside may hold. */
final class Text {
  private static final int MAX_NAME_CHARS = 64;

  private Text() {}

  /** Of a prompt. */
  static boolean isTooLong(String prompt) {
    return prompt.codePointCount(0, prompt.length()) > Limits.MAX_PROMPT_CODE_POINTS;
  }

  /** No unpaired surrogate, and of the control characters only line feed and tab. */
  static boolean isClean(String text) {
    return text.codePoints().allMatch(Text::isClean);
  }

  private static boolean isClean(int c) {
    boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
    return !surrogate && (c == '\n' || c == '\t' || !Character.isISOControl(c));
  }

  /** A name from outside, fit to be shown in a path: bounded, and without what is not clean. */
  static String shown(String name) {
    StringBuilder shown = new StringBuilder();
    name.codePoints()
        .limit(MAX_NAME_CHARS)
        .map(c -> Character.isISOControl(c) || !isClean(c) ? 0xfffd : c)
        .forEach(shown::appendCodePoint);
    return name.codePointCount(0, name.length()) > MAX_NAME_CHARS
        ? shown.append('…').toString()
        : shown.toString();
  }
}
