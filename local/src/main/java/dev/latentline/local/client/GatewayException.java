package dev.latentline.local.client;

/** The gateway cannot be reached ({@link #status()} is 0), or answered with an error. */
public final class GatewayException extends Exception {
  static final int UNAUTHORIZED = 401;

  private final int status;
  private final String code;

  GatewayException(int status, String code, String message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** The HTTP status, or 0 when there was no answer. */
  public int status() {
    return status;
  }

  /** The problem's stable code, or empty. */
  public String code() {
    return code;
  }

  /**
   * The message with what to do next.
   *
   * @param advice for all but a missing key, whose message has its own
   */
  public String with(String advice) {
    return status == UNAUTHORIZED ? getMessage() : getMessage() + ": " + advice;
  }

  /** Whether the request itself is wrong. */
  public boolean isRequestWrong() {
    return status == 400 || status == 413 || status == 422;
  }

  /** Whether what was asked for is not there, or not yet. */
  public boolean isUnknown() {
    return status == 404;
  }

  /** Whether asking again may help. */
  public boolean isPassing() {
    return status == 0 || status == 429 || status >= 500;
  }
}
