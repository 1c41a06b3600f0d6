package dev.latentline.gateway.problem;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.gateway.request.Allowed;
import dev.latentline.gateway.request.FieldError;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.util.List;

/**
 * RFC 9457, with what a program needs to react.
 *
 * @param type urn:latentline:problem:{code}
 * @param title of the status
 * @param detail for people; says what to do
 * @param code stable, snake_case
 * @param retryable whether the same request may succeed later
 * @param errors what is wrong with the request's fields; absent when it is not about them
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Problem(
    String type,
    String title,
    int status,
    String detail,
    String code,
    boolean retryable,
    List<Fault> errors) {
  public static final String MEDIA_TYPE = "application/problem+json";

  private static final JsonMapper JSON = new JsonMapper();

  /** One field, as a client reads it. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Fault(String field, String code, String message, Range allowed) {
    static Fault of(FieldError error) {
      return new Fault(
          error.field(),
          error.code(),
          error.message(),
          error.allowed().map(Range::of).orElse(null));
    }
  }

  /** What would have been accepted. */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Range(
      List<Object> values, Number min, Number max, @JsonProperty("multiple_of") Number multipleOf) {
    static Range of(Allowed allowed) {
      return new Range(
          allowed.values(),
          allowed.min().orElse(null),
          allowed.max().orElse(null),
          allowed.multipleOf().orElse(null));
    }
  }

  /** A problem that stays until something else is sent. */
  public static Problem of(int status, String code, String detail) {
    return of(status, code, detail, false, List.of());
  }

  /** A problem that may be gone when the same is sent again. */
  public static Problem retryable(int status, String code, String detail) {
    return of(status, code, detail, true, List.of());
  }

  /** A request whose fields are wrong. */
  public static Problem invalid(List<FieldError> errors) {
    FieldError first = errors.get(0);
    String detail =
        errors.size() > 1
            ? errors.size() + " things are wrong with the request: see errors"
            : first.field().isEmpty() ? first.message() : first.field() + ": " + first.message();
    return of(400, "invalid_request", detail, false, errors.stream().map(Fault::of).toList());
  }

  private static Problem of(
      int status, String code, String detail, boolean retryable, List<Fault> errors) {
    return new Problem(
        "urn:latentline:problem:" + code,
        HttpResponseStatus.valueOf(status).reasonPhrase(),
        status,
        detail,
        code,
        retryable,
        errors);
  }

  /** Ends the exchange with this. */
  public void send(RoutingContext context) {
    context
        .response()
        .setStatusCode(status)
        .putHeader(HttpHeaders.CONTENT_TYPE, MEDIA_TYPE)
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .end(json());
  }

  /** As it is sent. */
  public String json() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
