package dev.latentline.gateway.rest;

import dev.latentline.contract.Limits;
import dev.latentline.gateway.GatewaySettings;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import jakarta.ws.rs.NotSupportedException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** Bodies that JAX-RS takes for JSON. Thread-safe. */
@Singleton
class JsonBodies {
  private final Duration time;
  private final RoutingContext context;
  private final Vertx vertx;

  JsonBodies(GatewaySettings settings, RoutingContext context, Vertx vertx) {
    this.time = settings.bodyTime();
    this.context = context;
    this.vertx = vertx;
  }

  /**
   * Reads at most {@link Limits#MAX_JSON_BYTES} of this request's body. Quarkus limits the time of
   * one read alone; of a body that takes too long as a whole the connection is closed, so that its
   * thread is free again.
   *
   * @throws NotSupportedException when its type is not said, or it is compressed
   * @throws ProblemException 413 when it is longer; 400 when it breaks off
   */
  byte[] read(InputStream body, String contentType, String encoding) {
    if (contentType == null || !(encoding == null || encoding.equalsIgnoreCase("identity"))) {
      throw new NotSupportedException();
    }
    HttpConnection client = context.request().connection();
    long late = vertx.setTimer(time.toMillis(), timer -> client.close());
    try {
      return read(body);
    } finally {
      vertx.cancelTimer(late);
    }
  }

  private static byte[] read(InputStream body) {
    byte[] bytes;
    try {
      bytes = body.readNBytes(Limits.MAX_JSON_BYTES + 1);
    } catch (IOException e) {
      throw new ProblemException(
          Problem.retryable(400, "body_broken_off", "The body has not come in as a whole"));
    }
    if (bytes.length > Limits.MAX_JSON_BYTES) {
      throw new ProblemException(BodyLimit.tooLarge(Limits.MAX_JSON_BYTES));
    }
    return bytes;
  }
}
