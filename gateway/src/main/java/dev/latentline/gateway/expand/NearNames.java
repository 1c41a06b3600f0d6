package dev.latentline.gateway.expand;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** What somebody may have meant who wrote a name that does not exist. */
public final class NearNames {
  private static final int MOST = 3;

  /** Of a name with so many characters one may be wrong. */
  private static final int CHARS_FOR_EACH_ERROR = 4;

  private NearNames() {}

  /** The nearest first; empty where none is near. */
  public static List<String> of(String name, Collection<String> known) {
    record Near(String name, int distance) {}
    int most = 1 + name.length() / CHARS_FOR_EACH_ERROR;
    String wanted = name.toLowerCase(Locale.ROOT);
    return known.stream()
        .filter(each -> Math.abs(each.length() - name.length()) <= most || isTail(wanted, each))
        .map(
            each ->
                new Near(
                    each,
                    isTail(wanted, each) ? 0 : distance(wanted, each.toLowerCase(Locale.ROOT))))
        .filter(near -> near.distance() <= most)
        .sorted(Comparator.comparingInt(Near::distance).thenComparing(Near::name))
        .limit(MOST)
        .map(Near::name)
        .toList();
  }

  /** Whether only the folders before it were left out. */
  private static boolean isTail(String wanted, String known) {
    return known.toLowerCase(Locale.ROOT).endsWith("/" + wanted);
  }

  /** Levenshtein's: how many characters are added, left out or others. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
