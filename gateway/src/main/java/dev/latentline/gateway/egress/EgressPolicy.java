package dev.latentline.gateway.egress;

import dev.latentline.contract.Limits;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Which URLs may be called at all: https to a public address, at port 443 or 8443. Pure: names are
 * resolved elsewhere and their addresses judged here. After the OWASP cheat sheet on server-side
 * request forgery (case 2), stricter where it leaves a choice: one private address among a name's
 * refuses the name.
 */
public final class EgressPolicy {
  private static final List<Integer> PORTS = List.of(443, 8443);
  private static final int HTTPS = 443;
  private static final int HTTP = 80;

  private static final Pattern QUAD = Pattern.compile("(0|[1-9]\\d{0,2})(\\.(0|[1-9]\\d{0,2})){3}");

  private static final Pattern NAME =
      Pattern.compile("([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

  private static final int MAX_NAME_CHARS = 253;

  /** Names that lead inwards, with everything below them. */
  private static final List<String> DENIED_NAMES =
      List.of(
          "localhost",
          "localdomain",
          "local",
          "internal",
          "intranet",
          "lan",
          "home",
          "corp",
          "private",
          "home.arpa",
          "svc",
          "cluster",
          "consul",
          "docker",
          "onion");

  private final boolean allowLoopback;

  /**
   * @param allowLoopback for development: http and https to this machine, at any port
   */
  public EgressPolicy(boolean allowLoopback) {
    this.allowLoopback = allowLoopback;
  }

  /** What is wrong with a URL as it is written; no name is resolved. */
  public Optional<String> problem(String url) {
    try {
      target(url);
      return Optional.empty();
    } catch (RefusedUrlException e) {
      return Optional.of(e.getMessage());
    }
  }

  /**
   * The parts of a URL that may be called if its name's addresses may.
   *
   * @throws RefusedUrlException saying what is wrong, without the URL
   */
  EgressTarget target(String url) throws RefusedUrlException {
    URI uri = parse(url);
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    if (!scheme.equals("https") && !scheme.equals("http")) {
      throw new RefusedUrlException("The URL must begin with https://");
    }
    if (uri.getRawAuthority() == null || uri.getHost() == null || uri.getHost().isEmpty()) {
      throw new RefusedUrlException("The URL has no valid host name");
    }
    if (uri.getRawAuthority().indexOf('@') >= 0) {
      throw new RefusedUrlException("The URL must not hold a user name or password");
    }
    if (uri.getRawFragment() != null) {
      throw new RefusedUrlException("The URL must not have a fragment (#)");
    }
    String host = host(uri.getHost());
    Optional<InetAddress> literal = literal(host);
    boolean loopback =
        literal.map(address -> PublicAddresses.isLoopback(address.getAddress())).orElse(false)
            || host.equals("localhost");
    boolean secure = scheme.equals("https");
    int port = uri.getPort() == -1 ? (secure ? HTTPS : HTTP) : uri.getPort();
    if (loopback && allowLoopback) {
      if (port < 1 || port > 65535) {
        throw new RefusedUrlException("The URL's port is not one");
      }
      return new EgressTarget(uri, secure, host, port, literal, true);
    }
    if (!secure) {
      throw new RefusedUrlException("The URL must begin with https://");
    }
    if (!PORTS.contains(port)) {
      throw new RefusedUrlException("The URL's port must be 443 or 8443");
    }
    if (literal.isPresent()) {
      if (!PublicAddresses.contains(literal.get().getAddress())) {
        throw new RefusedUrlException("The URL's address is not a public one");
      }
    } else {
      checkName(host);
    }
    return new EgressTarget(uri, true, host, port, literal, false);
  }

  /** Whether all of a name's addresses may be called. */
  boolean allows(EgressTarget target, Collection<InetAddress> addresses) {
    return !addresses.isEmpty()
        && addresses.stream()
            .map(InetAddress::getAddress)
            .allMatch(
                address ->
                    target.loopback()
                        ? allowLoopback && PublicAddresses.isLoopback(address)
                        : PublicAddresses.contains(address));
  }

  private static URI parse(String url) throws RefusedUrlException {
    if (url.isEmpty() || url.length() > Limits.MAX_URL_CHARS) {
      throw new RefusedUrlException(
          "The URL must have 1 to " + Limits.MAX_URL_CHARS + " characters");
    }
    if (!url.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '\\')) {
      throw new RefusedUrlException(
          "The URL holds a space, a backslash, or a character outside of ASCII:"
              + " write names as xn-- and the rest percent-encoded");
    }
    try {
      return new URI(url);
    } catch (URISyntaxException e) {
      throw new RefusedUrlException("This is no URL");
    }
  }

  private static String host(String written) {
    String host = written.toLowerCase(Locale.ROOT);
    return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
  }

  /** The address where the host is one, in its canonical form only. */
  private static Optional<InetAddress> literal(String host) throws RefusedUrlException {
    try {
      if (host.startsWith("[")) {
        if (host.indexOf('%') >= 0) {
          throw new RefusedUrlException("The URL's address must not have a zone");
        }
        return Optional.of(InetAddress.getByName(host));
      }
      if (QUAD.matcher(host).matches()) {
        return Optional.of(InetAddress.getByAddress(quad(host)));
      }
    } catch (UnknownHostException e) {
      throw new RefusedUrlException("The URL's address is none");
    }
    // other resolvers read 127.1, 0x7f.1 and 2130706433 as addresses
    String last = host.substring(host.lastIndexOf('.') + 1);
    if (last.isEmpty() || Character.isDigit(last.charAt(0))) {
      throw new RefusedUrlException("The URL's host is neither a name nor an address");
    }
    return Optional.empty();
  }

  private static byte[] quad(String host) throws RefusedUrlException {
    String[] parts = host.split("\\.");
    byte[] address = new byte[4];
    for (int i = 0; i < 4; i++) {
      int part = Integer.parseInt(parts[i]);
      if (part > 255) {
        throw new RefusedUrlException("The URL's address is none");
      }
      address[i] = (byte) part;
    }
    return address;
  }

  private static void checkName(String host) throws RefusedUrlException {
    if (host.length() > MAX_NAME_CHARS || !NAME.matcher(host).matches()) {
      throw new RefusedUrlException("The URL has no valid host name");
    }
    if (host.indexOf('.') < 0
        || DENIED_NAMES.stream().anyMatch(name -> host.equals(name) || host.endsWith("." + name))) {
      throw new RefusedUrlException("The URL's host is a name of an internal network");
    }
  }
}
