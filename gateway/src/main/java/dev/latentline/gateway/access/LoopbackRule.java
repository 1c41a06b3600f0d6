package dev.latentline.gateway.access;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether a request without a key comes from somebody at this machine. A connection from it is not
 * enough: every web page in a browser can make one, and by DNS rebinding read the answer; so the
 * name it used must be this machine's, and no page of another origin may have sent it.
 */
final class LoopbackRule {
  private static final Set<String> HOSTS = Set.of("localhost", "127.0.0.1", "[::1]");
  private static final Pattern AUTHORITY =
      Pattern.compile("(\\[[0-9a-f:]+]|[^:\\[\\]@/?#\\s]+)(:\\d{1,5})?");

  private LoopbackRule() {}

  /**
   * Why a request is refused; empty when it is served.
   *
   * @param peerIsLoopback whether the connection comes from this machine
   * @param authority the Host header, null when there is none
   * @param origin the Origin header, null when there is none
   */
  static Optional<String> refusal(
      boolean peerIsLoopback, String scheme, String authority, String origin) {
    if (!peerIsLoopback) {
      return Optional.of(
          "Without keys only this machine is served; set latentline.keys to serve others");
    }
    String lower = authority == null ? "" : authority.toLowerCase(Locale.ROOT);
    Matcher matcher = AUTHORITY.matcher(lower);
    if (!matcher.matches() || !HOSTS.contains(matcher.group(1))) {
      return Optional.of("Without keys the host must be localhost, 127.0.0.1 or [::1]");
    }
    if (origin != null && !origin.toLowerCase(Locale.ROOT).equals(scheme + "://" + lower)) {
      return Optional.of("Without keys no page of another origin is served");
    }
    return Optional.empty();
  }
}
