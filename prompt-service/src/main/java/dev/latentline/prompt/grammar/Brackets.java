package dev.latentline.prompt.grammar;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/** Which bracket of a text closes which; a backslash takes the next character out of it. */
final class Brackets {
  /** Deeper ones are plain text: nobody nests so, and the parsers recurse. */
  private static final int MAX_DEPTH = 100;

  private static final int NONE = -1;

  private final int[] partner;

  private Brackets(int[] partner) {
    this.partner = partner;
  }

  static Brackets of(String text) {
    int[] partner = new int[text.length()];
    Arrays.fill(partner, NONE);
    Deque<Integer> open = new ArrayDeque<>();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '(' || c == '[') {
        open.push(i);
      } else if (c == ')' || c == ']') {
        close(text, i, open, partner);
      }
    }
    dropDeepOnes(partner);
    return new Brackets(partner);
  }

  /** A bracket that does not fit the newest open one is plain text. */
  private static void close(String text, int at, Deque<Integer> open, int[] partner) {
    char opening = text.charAt(at) == ')' ? '(' : '[';
    if (!open.isEmpty() && text.charAt(open.peek()) == opening) {
      int begin = open.pop();
      partner[begin] = at;
      partner[at] = begin;
    }
  }

  private static void dropDeepOnes(int[] partner) {
    int depth = 0;
    for (int i = 0; i < partner.length; i++) {
      if (partner[i] > i) {
        if (++depth > MAX_DEPTH) {
          partner[partner[i]] = NONE;
          partner[i] = NONE;
          depth--;
        }
      } else if (partner[i] != NONE) {
        depth--;
      }
    }
  }

  /** Whether a pair begins here. */
  boolean opens(int at) {
    return partner[at] > at;
  }

  /** Where the pair ends that begins here. */
  int end(int at) {
    return partner[at];
  }
}
