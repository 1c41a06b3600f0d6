package dev.latentline.kit.failure;

import dev.latentline.contract.Failure;

/**
 * What may be logged of an exception: its class, its stack and those of its causes. Messages are
 * left out, except a {@link Failure}'s, because libraries quote what they could not deal with: a
 * prompt, a key, a signed URL.
 */
public final class SafeTrace {
  private static final int MAX_CAUSES = 8;

  private SafeTrace() {}

  public static String of(Throwable failure) {
    StringBuilder text = new StringBuilder();
    Throwable cause = failure;
    for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
      text.append(i == 0 ? "" : "\nCaused by: ").append(cause.getClass().getName());
      if (cause instanceof Failure known) {
        text.append(": ").append(known.code()).append(": ").append(known.getMessage());
      }
      for (StackTraceElement frame : cause.getStackTrace()) {
        text.append("\n\tat ").append(frame);
      }
      cause = cause.getCause();
    }
    return text.toString();
  }
}
