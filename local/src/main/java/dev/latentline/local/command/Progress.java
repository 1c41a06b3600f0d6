package dev.latentline.local.command;

import java.io.PrintStream;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Tells people on stderr how far it is: a bar that moves on a terminal, otherwise a line at each
 * quarter.
 */
final class Progress implements AutoCloseable {
  private static final int BAR_CHARS = 30;
  private static final int PLAIN_EVERY = 25;

  private final PrintStream err;
  private final boolean terminal;
  private int shownPercent = -1;
  private String shownText = "";

  Progress(PrintStream err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  /** The launcher knows whether stderr is a terminal; Java does not. */
  static Progress toStderr() {
    return new Progress(System.err, Boolean.getBoolean("latentline.terminal"));
  }

  /** Something worth a line of its own. */
  synchronized void note(String text) {
    clear();
    err.println(text);
  }

  /** It waits for others. */
  synchronized void waiting(OptionalInt position) {
    String text =
        position.isPresent() && position.getAsInt() > 0
            ? "waiting, " + position.getAsInt() + " before it"
            : "waiting";
    if (text.equals(shownText)) {
      return;
    }
    clear();
    if (terminal) {
      err.print(text);
      err.flush();
    } else if (shownText.isEmpty()) {
      err.println(text);
    }
    shownText = text;
  }

  /**
   * So much is done, 0 to 1; never goes back.
   *
   * @param leftMillis how long the rest will take, shown on a terminal
   */
  synchronized void done(double share, OptionalLong leftMillis) {
    int percent = (int) Math.floor(share * 100);
    if (percent <= shownPercent) {
      return;
    }
    if (terminal) {
      clear();
      int full = percent * BAR_CHARS / 100;
      shownText =
          String.format("[%s%s] %3d%%", "#".repeat(full), "-".repeat(BAR_CHARS - full), percent)
              + (leftMillis.isPresent() ? "  " + left(leftMillis.getAsLong()) : "");
      err.print(shownText);
      err.flush();
    } else if (percent / PLAIN_EVERY > Math.max(0, shownPercent) / PLAIN_EVERY) {
      err.println(percent / PLAIN_EVERY * PLAIN_EVERY + "%");
    }
    shownPercent = percent;
  }

  /** Never sooner than it is. */
  private static String left(long millis) {
    long seconds = (millis + 999) / 1000;
    return seconds < 60
        ? seconds + " s left"
        : String.format("%d:%02d min left", seconds / 60, seconds % 60);
  }

  private void clear() {
    if (terminal && !shownText.isEmpty()) {
      err.print("\r" + " ".repeat(shownText.length()) + "\r");
    }
    if (terminal) {
      shownText = "";
    }
  }

  /** Takes the bar away, so that what is printed next has a line of its own. */
  synchronized void finish() {
    clear();
    err.flush();
  }

  @Override
  public void close() {
    finish();
  }
}
