package dev.latentline.gateway.egress;

import java.time.Duration;
import java.util.Optional;

/**
 * What became of one request.
 *
 * @param status of the answer; 0 when none came
 * @param error why no answer came or was wanted, a stable code: {@code address_refused}, {@code
 *     name_not_resolved}, {@code connect_failed}, {@code tls_failed}, {@code timed_out}, {@code
 *     connection_lost}, {@link #RESOLVERS_BUSY}; empty when there is a status
 * @param retryAfter of the answer, where it is a number of seconds or a date
 */
public record EgressResult(
    int status, String error, Optional<Duration> retryAfter, Duration duration) {

  /** Other names' servers held every resolver: nothing was asked, nobody was called. */
  public static final String RESOLVERS_BUSY = "resolvers_busy";

  public static EgressResult answered(int status, Optional<Duration> retryAfter, Duration took) {
    return new EgressResult(status, "", retryAfter, took);
  }

  public static EgressResult failed(String error, Duration took) {
    return new EgressResult(0, error, Optional.empty(), took);
  }

  /** Whether anything was done that the receiver, or its name server, had a part in. */
  public boolean attempted() {
    return !error.equals(RESOLVERS_BUSY);
  }

  /** Whether the receiver took it: any 2xx. */
  public boolean delivered() {
    return status >= 200 && status < 300;
  }
}
