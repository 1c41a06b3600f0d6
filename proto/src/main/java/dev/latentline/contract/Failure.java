package dev.latentline.contract;

/**
 * The three kinds of failure, and there are only three. What is neither of the first two is a
 * programming error: any other exception, treated as {@link Retryable} by a worker because another
 * replica may not have it.
 */
public abstract sealed class Failure extends RuntimeException {
  /** The store does not answer, or with an error of its own. */
  public static final String STORE_UNAVAILABLE = "store_unavailable";

  /** The broker does not answer in time. */
  public static final String BROKER_UNAVAILABLE = "broker_unavailable";

  private final String code;

  private Failure(String code, String safeMessage, Throwable cause) {
    super(safeMessage, cause);
    this.code = code;
  }

  /** Stable, snake_case. The message is safe to show to the client: no prompt, key or path. */
  public String code() {
    return code;
  }

  /**
   * Whether something that all work needs is away. It says nothing of the work at hand: a worker
   * waits and counts no attempt.
   */
  public boolean isOutage() {
    return this instanceof Retryable
        && (code.equals(STORE_UNAVAILABLE) || code.equals(BROKER_UNAVAILABLE));
  }

  /** The request or record can never succeed: trying again is useless. */
  public static final class Rejected extends Failure {
    public Rejected(String code, String safeMessage) {
      super(code, safeMessage, null);
    }

    public Rejected(String code, String safeMessage, Throwable cause) {
      super(code, safeMessage, cause);
    }
  }

  /** Something outside is not there now: another attempt, perhaps elsewhere, may succeed. */
  public static final class Retryable extends Failure {
    public Retryable(String code, String safeMessage) {
      super(code, safeMessage, null);
    }

    public Retryable(String code, String safeMessage, Throwable cause) {
      super(code, safeMessage, cause);
    }
  }
}
