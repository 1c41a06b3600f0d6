package dev.latentline.gateway.fold;

import java.util.Optional;

/**
 * How a generation ended.
 *
 * @param reason of a failed one
 */
public record Outcome(Kind kind, Optional<Reason> reason) {
  public static final Outcome SUCCEEDED = new Outcome(Kind.SUCCEEDED, Optional.empty());
  public static final Outcome CANCELLED = new Outcome(Kind.CANCELLED, Optional.empty());

  public static Outcome failed(String code, String message) {
    return new Outcome(Kind.FAILED, Optional.of(new Reason("", code, message)));
  }

  /** The terminal states. */
  public enum Kind {
    SUCCEEDED,
    FAILED,
    CANCELLED
  }
}
