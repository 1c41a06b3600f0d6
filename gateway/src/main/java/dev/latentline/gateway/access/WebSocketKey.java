package dev.latentline.gateway.access;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * The key in the subprotocols of a WebSocket's handshake, {@code latentline.key.{base64url}}: a
 * browser lets no page set another header there, and a key in an address would end up in logs. It
 * is never one that the server chooses, so no answer repeats it.
 */
final class WebSocketKey {
  private static final String PREFIX = "latentline.key.";

  private WebSocketKey() {}

  /**
   * @param headers the values of Sec-WebSocket-Protocol (RFC 6455, section 11.3.4)
   */
  static Optional<String> of(List<String> headers) {
    List<String> keys =
        headers.stream()
            .flatMap(header -> Arrays.stream(header.split(",")))
            .map(String::strip)
            .filter(protocol -> protocol.startsWith(PREFIX))
            .map(protocol -> protocol.substring(PREFIX.length()))
            .toList();
    return keys.size() == 1 ? decoded(keys.get(0)) : Optional.empty();
  }

  private static Optional<String> decoded(String base64url) {
    try {
      String key = new String(Base64.getUrlDecoder().decode(base64url), StandardCharsets.UTF_8);
      return key.matches(Bearer.KEY) ? Optional.of(key) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
