package dev.latentline.local.hub;

import dev.latentline.local.CliException;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.Set;

/**
 * Requests to a hub: none waits without end, redirects are followed to no worse place, and the
 * token goes to the hub alone.
 */
final class HubHttp {
  private static final int CONNECT_MILLIS = 10_000;
  private static final int SILENCE_MILLIS = 30_000;
  private static final int MAX_REDIRECTS = 5;
  private static final int MAX_TOKEN_CHARS = 4096;
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

  private final URI base;
  private final Optional<String> token;

  /** See {@link HubClient#HubClient}. */
  HubHttp(URI base, Optional<String> token) {
    boolean isHttp = "http".equals(base.getScheme()) || "https".equals(base.getScheme());
    if (!isHttp || base.getHost() == null || base.getUserInfo() != null) {
      throw CliException.usage("the hub must be an http or https address without credentials");
    }
    if (token.isPresent() && !"https".equals(base.getScheme()) && !isLoopback(base)) {
      throw CliException.usage("HF_TOKEN is sent over https only: name the hub's https address");
    }
    // a header with another character would be refused by a message that shows it
    if (token.isPresent() && !token.get().matches("[!-~]{1," + MAX_TOKEN_CHARS + "}")) {
      throw CliException.usage("HF_TOKEN is no token: a token has visible ASCII characters only");
    }
    String text = base.toString();
    this.base = URI.create(text.endsWith("/") ? text : text + "/");
    this.token = token;
  }

  private static boolean isLoopback(URI address) {
    return Set.of("127.0.0.1", "localhost", "[::1]").contains(address.getHost());
  }

  boolean hasToken() {
    return token.isPresent();
  }

  /** Its host, for people. */
  String host() {
    return base.getHost();
  }

  /**
   * @param path relative to the hub's own, escaped
   */
  URI address(String path) {
    return base.resolve(path);
  }

  /**
   * Asks for bytes, of wherever the hub redirects to.
   *
   * @param from the first byte that is wanted
   * @throws IOException when nobody answers, or redirects lead nowhere
   */
  HttpURLConnection get(URI address, long from) throws IOException {
    return ask("GET", address, from);
  }

  /**
   * Asks the hub what it knows of a file.
   *
   * @return its answer, which may be that the bytes are elsewhere
   */
  HttpURLConnection head(URI address) throws IOException {
    return ask("HEAD", address, 0);
  }

  private HttpURLConnection ask(String method, URI first, long from) throws IOException {
    URI address = first;
    for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
      HttpURLConnection connection = open(method, address, from);
      if (!isRedirect(status(connection, address))) {
        return connection;
      }
      URI next = next(address, connection.getHeaderField("Location"));
      if (method.equals("HEAD") && !isOurs(next)) {
        return connection;
      }
      connection.disconnect();
      address = next;
    }
    throw new IOException(host() + " redirects in a circle");
  }

  private HttpURLConnection open(String method, URI address, long from) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
    connection.setRequestMethod(method);
    connection.setConnectTimeout(CONNECT_MILLIS);
    connection.setReadTimeout(SILENCE_MILLIS);
    connection.setInstanceFollowRedirects(false);
    connection.setRequestProperty("User-Agent", "latentline");
    connection.setRequestProperty("Accept-Encoding", "identity");
    if (from > 0) {
      connection.setRequestProperty("Range", "bytes=" + from + "-");
    }
    if (token.isPresent() && isOurs(address)) {
      connection.setRequestProperty("Authorization", "Bearer " + token.get());
    }
    return connection;
  }

  private static int status(HttpURLConnection connection, URI address) throws IOException {
    try {
      return connection.getResponseCode();
    } catch (UnknownHostException e) {
      throw new IOException("no host is known as " + address.getHost(), e);
    }
  }

  static boolean isRedirect(int status) {
    return REDIRECTS.contains(status);
  }

  private static URI next(URI from, String location) throws IOException {
    URI to;
    try {
      to = from.resolve(location == null ? "" : location);
    } catch (IllegalArgumentException e) {
      throw new IOException(from.getHost() + " redirects to nowhere", e);
    }
    boolean plain = "http".equals(to.getScheme()) && "http".equals(from.getScheme());
    if (to.getHost() == null || !(plain || "https".equals(to.getScheme()))) {
      throw new IOException(from.getHost() + " redirects to nowhere, or away from https");
    }
    return to;
  }

  boolean isOurs(URI address) {
    return base.getScheme().equals(address.getScheme())
        && base.getHost().equalsIgnoreCase(address.getHost())
        && base.getPort() == address.getPort();
  }
}
