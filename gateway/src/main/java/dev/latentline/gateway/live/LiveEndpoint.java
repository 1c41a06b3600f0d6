package dev.latentline.gateway.live;

import dev.latentline.contract.Limits;
import dev.latentline.gateway.access.Caller;
import dev.latentline.gateway.problem.Problem;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;

/**
 * {@code /v1/live}: pictures while somebody types. Who may connect is judged before it comes here,
 * as of every request: a page of another origin may not, without a key nobody else may.
 */
@Singleton
class LiveEndpoint implements HttpServerOptionsCustomizer {
  static final String PATH = "/v1/live";
  static final String SUBPROTOCOL = "latentline.live.v1";

  private static final long LOOK_AFTER_MILLIS = 15_000;
  private static final String FULL_RETRY_AFTER_SECONDS = "10";

  private final LiveFrames frames;
  private final LiveConnections connections;
  private final Vertx vertx;

  LiveEndpoint(LiveFrames frames, LiveSettings settings, Vertx vertx) {
    this.frames = frames;
    this.connections =
        new LiveConnections(settings.maxConnections(), settings.maxConnectionsPerTenant());
    this.vertx = vertx;
  }

  @Override
  public void customizeHttpServer(HttpServerOptions options) {
    options.setWebSocketSubProtocols(List.of(SUBPROTOCOL));
    options.setMaxWebSocketMessageSize(Limits.MAX_LIVE_MESSAGE_BYTES);
    options.setMaxWebSocketFrameSize(Limits.MAX_LIVE_MESSAGE_BYTES);
    // the limits are of what comes in: inflated it could be a thousand times that
    options.setPerMessageWebSocketCompressionSupported(false);
    options.setPerFrameWebSocketCompressionSupported(false);
  }

  void register(@Observes Router router) {
    router.get(PATH).handler(this::connect);
  }

  private void connect(RoutingContext context) {
    boolean asked =
        context.request().version() == HttpVersion.HTTP_1_1
            && "websocket".equalsIgnoreCase(context.request().getHeader(HttpHeaders.UPGRADE));
    if (!asked) {
      context.response().putHeader(HttpHeaders.UPGRADE, "websocket");
      Problem.of(426, "upgrade_required", "This is a WebSocket: see the documentation of live mode")
          .send(context);
      return;
    }
    String tenant = Caller.tenant(context);
    if (!connections.take(tenant)) {
      context.response().putHeader(HttpHeaders.RETRY_AFTER, FULL_RETRY_AFTER_SECONDS);
      Problem.retryable(
              429,
              "too_many_live_connections",
              "Too many are in live mode already: connect again when somebody has left")
          .send(context);
      return;
    }
    Context loop = vertx.getOrCreateContext();
    context
        .request()
        .toWebSocket()
        .onSuccess(socket -> open(socket, tenant, loop))
        .onFailure(refused -> connections.giveBack(tenant));
  }

  private void open(ServerWebSocket socket, String tenant, Context loop) {
    LiveSession session =
        new LiveSession(socket, tenant, frames, loop, Infrastructure.getDefaultExecutor());
    long timer = vertx.setPeriodic(LOOK_AFTER_MILLIS, id -> session.lookAfter());
    socket.closeHandler(
        closed -> {
          vertx.cancelTimer(timer);
          session.closed();
          connections.closed(session);
          connections.giveBack(tenant);
        });
    session.start();
    if (!connections.opened(session)) {
      session.goAway();
    }
  }

  /** While the event loops still run. */
  void stop(@Observes @Priority(1) ShutdownEvent event) {
    connections.close().forEach(LiveSession::goAway);
  }
}
