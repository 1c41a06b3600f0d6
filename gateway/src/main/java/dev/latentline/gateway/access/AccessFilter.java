package dev.latentline.gateway.access;

import dev.latentline.gateway.GatewaySettings;
import dev.latentline.gateway.problem.Problem;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Stands before everything that is served. Paths under /q/ (health, metrics, OpenAPI) need no key:
 * what may reach them is for the network to say. Nor does the page of live mode, which holds
 * nothing and asks for the key.
 */
@ApplicationScoped
class AccessFilter {
  /** Before Quarkus reads a body or looks for a route. */
  private static final int FIRST = 1000;

  private static final String OPEN = "/q/";

  private static final String PAGE = "/live(/|/live\\.(js|css))?";

  private final Optional<KeyFile> keys;

  AccessFilter(GatewaySettings settings) {
    this.keys = settings.keys().map(AccessFilter::read);
  }

  void register(@Observes Filters filters) {
    filters.register(this::handle, FIRST);
  }

  private void handle(RoutingContext context) {
    if (keys.isPresent()) {
      withKey(context, keys.get());
    } else {
      withoutKey(context);
    }
  }

  private static void withKey(RoutingContext context, KeyFile keys) {
    if (context.normalizedPath().startsWith(OPEN) || context.normalizedPath().matches(PAGE)) {
      context.next();
      return;
    }
    Optional<String> tenant = key(context.request()).flatMap(keys::tenantOf);
    if (tenant.isEmpty()) {
      context.response().putHeader("WWW-Authenticate", "Bearer realm=\"latentline\"");
      Problem.of(401, "unauthorized", "Send a valid key: Authorization: Bearer KEY").send(context);
      return;
    }
    context.put(Caller.TENANT, tenant.get());
    context.next();
  }

  private static Optional<String> key(HttpServerRequest request) {
    List<String> headers = request.headers().getAll(HttpHeaders.AUTHORIZATION);
    if (headers.isEmpty()) {
      return WebSocketKey.of(request.headers().getAll("Sec-WebSocket-Protocol"));
    }
    return headers.size() == 1 ? Bearer.key(headers.get(0)) : Optional.empty();
  }

  private static void withoutKey(RoutingContext context) {
    HttpServerRequest request = context.request();
    List<String> hosts = request.headers().getAll(HttpHeaders.HOST);
    String authority =
        hosts.size() == 1 ? hosts.get(0) : hosts.isEmpty() ? http2Authority(request) : null;
    Optional<String> refusal =
        LoopbackRule.refusal(
            isLoopback(request),
            request.scheme(),
            authority,
            request.getHeader(HttpHeaders.ORIGIN));
    if (refusal.isPresent()) {
      Problem.of(403, "loopback_only", refusal.get()).send(context);
      return;
    }
    context.put(Caller.TENANT, Caller.DEFAULT_TENANT);
    context.next();
  }

  private static String http2Authority(HttpServerRequest request) {
    return request.authority() == null ? null : request.authority().toString();
  }

  private static boolean isLoopback(HttpServerRequest request) {
    try {
      return InetAddress.getByName(request.remoteAddress().hostAddress()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static KeyFile read(Path file) {
    try {
      return KeyFile.parse(Files.readAllLines(file));
    } catch (IOException e) {
      throw new UncheckedIOException("the keys file cannot be read: see latentline.keys", e);
    }
  }
}
