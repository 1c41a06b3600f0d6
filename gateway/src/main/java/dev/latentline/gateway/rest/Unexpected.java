package dev.latentline.gateway.rest;

/**
 * An exception that nobody expected, for the log: classes and where they were thrown. Its messages
 * may hold what a client sent.
 */
final class Unexpected {
  private static final int MAX_CAUSES = 8;

  private Unexpected() {}

  static String told(Throwable failure) {
    StringBuilder told = new StringBuilder();
    Throwable cause = failure;
    for (int i = 0; cause != null && i < MAX_CAUSES; i++, cause = cause.getCause()) {
      told.append(i == 0 ? "" : "\nCaused by: ").append(cause.getClass().getName());
      for (StackTraceElement frame : cause.getStackTrace()) {
        told.append("\n\tat ").append(frame);
      }
    }
    return told.toString();
  }
}
