package dev.latentline.embedded;

import java.nio.file.Path;

/** A child process ended or was not ready in time. The message ends with the log's last lines. */
public final class ChildFailedException extends RuntimeException {
  private final String child;
  private final Path log;

  public ChildFailedException(String child, String what, Path log, String lastLines) {
    super(child + " " + what + "; its log is " + log + " and ends with:\n" + lastLines);
    this.child = child;
    this.log = log;
  }

  /** The name of the process. */
  public String child() {
    return child;
  }

  public Path log() {
    return log;
  }
}
