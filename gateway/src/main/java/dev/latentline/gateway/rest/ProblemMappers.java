package dev.latentline.gateway.rest;

import dev.latentline.contract.Failure;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import dev.latentline.kit.failure.SafeTrace;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Whatever ends a request early leaves as a problem, and never with a stack trace. */
public final class ProblemMappers {
  private static final Logger LOG = Logger.getLogger(ProblemMappers.class);
  static final String RETRY_AFTER_SECONDS = "2";

  @ServerExceptionMapper
  Response problem(ProblemException e) {
    Response.ResponseBuilder response = response(e.problem());
    e.headers().forEach(response::header);
    return response.build();
  }

  @ServerExceptionMapper
  Response failure(Failure e) {
    Response.ResponseBuilder response = response(of(e));
    return e instanceof Failure.Retryable
        ? response.header(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS).build()
        : response.build();
  }

  /** As a client is told. */
  private static Problem of(Failure e) {
    return e instanceof Failure.Retryable
        ? Problem.retryable(503, e.code(), e.getMessage())
        : Problem.of(400, e.code(), e.getMessage());
  }

  /** What ended a request, in the same words where there is no response to map it to. */
  public static Problem of(RuntimeException e) {
    if (e instanceof ProblemException told) {
      return told.problem();
    }
    if (e instanceof Failure failure) {
      return of(failure);
    }
    LOG.errorf("a request failed: %s", SafeTrace.of(e));
    return internalError();
  }

  private static Problem internalError() {
    return Problem.of(500, "internal_error", "Something went wrong here; see the log");
  }

  /** What the router refuses before a resource is reached: paths, methods, media types. */
  @ServerExceptionMapper
  Response refused(WebApplicationException e) {
    int status = e.getResponse().getStatus();
    Problem problem =
        switch (status) {
          case 404 -> Problem.of(404, "not_found", "There is nothing at this path");
          case 405 -> Problem.of(405, "method_not_allowed", "This path has other methods");
          case 406 -> Problem.of(406, "not_acceptable", "What Accept asks for cannot be made here");
          case 413 -> Problem.of(413, "body_too_large", "The body is too large");
          case 415 ->
              Problem.of(
                  415,
                  "unsupported_media_type",
                  "Send Content-Type: application/json, a picture as multipart/form-data; unencoded");
          default ->
              status >= 500
                  ? Problem.of(status, "internal_error", "Something went wrong here; see the log")
                  : Problem.of(status, "bad_request", "The request cannot be understood");
        };
    Response.ResponseBuilder response = response(problem);
    Object allow = e.getResponse().getHeaders().getFirst(HttpHeaders.ALLOW);
    if (allow != null) {
      response.header(HttpHeaders.ALLOW, allow);
    }
    return response.build();
  }

  @ServerExceptionMapper
  Response nothingNew(NothingNewException e) {
    return Response.noContent().header(HttpHeaders.CACHE_CONTROL, "no-store").build();
  }

  @ServerExceptionMapper
  Response anythingElse(Throwable e) {
    LOG.errorf("a request failed: %s", SafeTrace.of(e));
    return response(internalError()).build();
  }

  private static Response.ResponseBuilder response(Problem problem) {
    return Response.status(problem.status())
        .type(Problem.MEDIA_TYPE)
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .entity(problem.json());
  }
}
