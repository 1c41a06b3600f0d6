package dev.latentline.gateway.rest;

import dev.latentline.gateway.GatewaySettings;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;

/**
 * Cuts off clients that do not take an answer: a thread and the answer wait for them. Events go on
 * for as long as there are any, and a picture has its time for each piece.
 */
@Singleton
class AnswerTime {
  /** After who is asking is known. */
  private static final int SECOND = 900;

  private final Duration time;
  private final Vertx vertx;

  AnswerTime(GatewaySettings settings, Vertx vertx) {
    this.time = settings.answerTime();
    this.vertx = vertx;
  }

  void register(@Observes Filters filters) {
    filters.register(this::handle, SECOND);
  }

  private void handle(RoutingContext context) {
    context.addHeadersEndHandler(begun -> limit(context));
    context.next();
  }

  private void limit(RoutingContext context) {
    HttpServerResponse answer = context.response();
    String type = answer.headers().get(HttpHeaders.CONTENT_TYPE);
    if (type != null && (type.startsWith("text/event-stream") || type.startsWith("image/"))) {
      return;
    }
    long late =
        vertx.setTimer(
            time.toMillis(),
            timer -> {
              if (!answer.ended() && !answer.closed()) {
                Connections.closeAtOnce(context.request().connection());
              }
            });
    context.addBodyEndHandler(ended -> vertx.cancelTimer(late));
  }
}
