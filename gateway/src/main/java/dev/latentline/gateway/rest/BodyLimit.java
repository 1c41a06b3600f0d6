package dev.latentline.gateway.rest;

import dev.latentline.contract.Limits;
import dev.latentline.gateway.problem.Problem;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** Refuses a body that says that it is too long before any of it is read. */
@Singleton
class BodyLimit {
  /** After who is asking is known, before Quarkus's own limit, which says nothing. */
  private static final int SECOND = 900;

  private static final int MAX_DIGITS = 9;

  void register(@Observes Filters filters) {
    filters.register(BodyLimit::handle, SECOND);
  }

  private static void handle(RoutingContext context) {
    String length = context.request().getHeader(HttpHeaders.CONTENT_LENGTH);
    int most = InputsResource.isUpload(context) ? Limits.MAX_UPLOAD_BYTES : Limits.MAX_JSON_BYTES;
    if (length == null || fits(length.strip(), most)) {
      context.next();
      return;
    }
    context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    tooLarge(most).send(context);
  }

  static Problem tooLarge(int most) {
    return Problem.of(413, "body_too_large", "The body is longer than " + most + " bytes");
  }

  private static boolean fits(String length, int most) {
    return length.matches("\\d{1," + MAX_DIGITS + "}") && Integer.parseInt(length) <= most;
  }
}
