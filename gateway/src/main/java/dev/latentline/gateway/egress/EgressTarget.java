package dev.latentline.gateway.egress;

import java.net.InetAddress;
import java.net.URI;
import java.util.Optional;

/**
 * A URL whose writing passed.
 *
 * @param host lower-case, without a trailing dot; an IPv6 address in brackets
 * @param literal the address where the host is one
 * @param loopback this machine, allowed by configuration; never anything else then
 */
record EgressTarget(
    URI uri,
    boolean secure,
    String host,
    int port,
    Optional<InetAddress> literal,
    boolean loopback) {

  /** Path and query, as written. */
  String resource() {
    String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
    return uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery();
  }

  /** Without brackets, as TLS and sockets want it. */
  String hostName() {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }
}
