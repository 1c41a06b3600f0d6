package dev.latentline.gateway.webhook;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * When a webhook is tried again: the schedule that Standard Webhooks 1.0.0 gives as its example,
 * ten attempts over a little more than three days. Pure.
 */
public final class WebhookSchedule {
  /** The pauses after each attempt that failed. */
  private static final List<Duration> PAUSES =
      List.of(
          Duration.ofSeconds(5),
          Duration.ofMinutes(5),
          Duration.ofMinutes(30),
          Duration.ofHours(2),
          Duration.ofHours(5),
          Duration.ofHours(10),
          Duration.ofHours(14),
          Duration.ofHours(20),
          Duration.ofHours(24));

  /** A pause is longer or shorter by at most this part, so that receivers that come back live. */
  private static final double JITTER = 0.2;

  private WebhookSchedule() {}

  /** Attempts in all. */
  public static int maxAttempts() {
    return PAUSES.size() + 1;
  }

  /**
   * The pause after an attempt that failed; empty when it was the last.
   *
   * @param attempts made so far, from 1
   * @param retryAfter what the receiver asked for: heard between the planned pause and twice that
   */
  static Optional<Duration> pauseAfter(
      String webhookId, int attempts, Optional<Duration> retryAfter) {
    if (attempts > PAUSES.size()) {
      return Optional.empty();
    }
    Duration planned = jittered(PAUSES.get(attempts - 1), webhookId, attempts);
    if (retryAfter.isEmpty()) {
      return Optional.of(planned);
    }
    Duration most = planned.multipliedBy(2);
    Duration asked = retryAfter.get();
    if (asked.compareTo(planned) < 0) {
      return Optional.of(planned);
    }
    return Optional.of(asked.compareTo(most) > 0 ? most : asked);
  }

  /** The same for the same webhook and attempt, so that a takeover keeps to the plan. */
  private static Duration jittered(Duration pause, String webhookId, int attempts) {
    int hash = (webhookId + "/" + attempts).hashCode() * 0x9E3779B9;
    double part = (hash >>> 8) / (double) (1 << 24);
    return Duration.ofMillis(Math.round(pause.toMillis() * (1 - JITTER + 2 * JITTER * part)));
  }
}
