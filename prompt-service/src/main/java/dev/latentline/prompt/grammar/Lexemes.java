package dev.latentline.prompt.grammar;

import java.util.regex.Pattern;

/**
 * What several syntaxes have in common. A text is from anybody, and up to 32,000 characters: a
 * pattern must not come back to what it has read.
 */
final class Lexemes {
  /** A decimal number. What follows it must begin with no digit and no point. */
  static final String NUMBER = "[+-]?(?:\\d++(?:\\.\\d*+)?+|\\.\\d++)";

  /** As Python's \w, in whose patterns these words were given their meaning. */
  private static final String WORD_CHARACTER = "[\\p{L}\\p{N}_]";

  private Lexemes() {}

  /**
   * A word that is no part of another one. Java's \b is not used: at each mark of a row of
   * combining marks it goes back over all of them.
   */
  static Pattern word(String word) {
    return Pattern.compile("(?<!" + WORD_CHARACTER + ")" + word + "(?!" + WORD_CHARACTER + ")");
  }
}
