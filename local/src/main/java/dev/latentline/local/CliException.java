package dev.latentline.local;

/** Ends the command: one message for people that says what to do next, and the exit code. */
public final class CliException extends RuntimeException {
  /** Done wrong by whoever called. */
  public static final int USAGE = 2;

  /** Asked for rightly, and failed. */
  public static final int FAILED = 1;

  private final int exitCode;

  private CliException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  public static CliException usage(String message) {
    return new CliException(USAGE, message);
  }

  public static CliException failed(String message) {
    return new CliException(FAILED, message);
  }

  public int exitCode() {
    return exitCode;
  }
}
