package dev.latentline.gateway.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.latentline.contract.Failure;
import dev.latentline.gateway.access.Caller;
import dev.latentline.gateway.line.GenerationUpdate;
import dev.latentline.gateway.line.GenerationUpdate.StepProgress;
import dev.latentline.gateway.line.GenerationView;
import dev.latentline.gateway.line.Generations;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import dev.latentline.gateway.request.Allowed;
import dev.latentline.gateway.request.FieldError;
import dev.latentline.proto.v1.GenerationRequest;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.mutiny.Multi;
import io.vertx.core.Vertx;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestMulti;

/** What happens to a generation, as server-sent events. */
@Path("/v1/generations/{id}/events")
@Tag(name = "generations")
class EventsResource {
  private static final long UNKNOWN = -1;
  private static final long COME_AGAIN_MILLIS = 2_000;

  private final Generations generations;
  private final Prompts prompts;
  private final Caller caller;
  private final Sse sse;
  private final Vertx vertx;

  EventsResource(Generations generations, Prompts prompts, Caller caller, Sse sse, Vertx vertx) {
    this.generations = generations;
    this.prompts = prompts;
    this.caller = caller;
    this.sse = sse;
    this.vertx = vertx;
  }

  @GET
  @Produces(MediaType.SERVER_SENT_EVENTS)
  @Blocking
  @Operation(
      summary = "Follow a generation: a snapshot, then each state and step until it has ended")
  @APIResponse(
      responseCode = "200",
      description =
          "Events snapshot and state hold a generation, progress the steps done of one picture,"
              + " preview what it looks like after some of them; ids are offsets, to be sent again"
              + " as Last-Event-ID")
  @APIResponse(responseCode = "204", description = "It has ended and the client knows all of it")
  @APIResponse(responseCode = "400", description = "previews is neither true nor false")
  public RestMulti<OutboundSseEvent> events(
      @PathParam("id") String id,
      @Parameter(
              description = "Whether to send the event preview too",
              schema = @Schema(type = SchemaType.BOOLEAN, defaultValue = "false"))
          @QueryParam("previews")
          String previews,
      @HeaderParam("Last-Event-ID") String lastEventId) {
    boolean withPreviews = flag("previews", previews);
    long after = offset(lastEventId);
    try {
      return events(id, after, withPreviews);
    } catch (Failure.Retryable e) {
      if (after == UNKNOWN) {
        throw e;
      }
      // a browser that comes again by itself would take any other status for the end
      return stream(
          Multi.createFrom()
              .item(
                  sse.newEventBuilder()
                      .reconnectDelay(COME_AGAIN_MILLIS)
                      .comment("not ready yet: " + e.code())
                      .build()));
    }
  }

  private RestMulti<OutboundSseEvent> events(String id, long after, boolean withPreviews) {
    GenerationView view = GenerationsResource.find(generations, caller, id);
    if (view.status().terminal() && after == view.lastOffset()) {
      throw new NothingNewException();
    }
    // now: whoever tells holds a lock, and the store may be slow
    GenerationRequest request = prompts.in(view).request();
    String tenant = caller.tenant();
    Multi<OutboundSseEvent> events =
        EventStream.of(
                vertx,
                listener ->
                    generations.watch(
                        tenant,
                        id,
                        after,
                        update -> {
                          if (withPreviews || update.kind() != GenerationUpdate.Kind.PREVIEW) {
                            listener.accept(update);
                          }
                        }),
                update -> event(update, request),
                () -> sse.newEventBuilder().comment("still here").build())
            .onFailure()
            .recoverWithCompletion();
    return stream(events);
  }

  private static RestMulti<OutboundSseEvent> stream(Multi<OutboundSseEvent> events) {
    return RestMulti.fromMultiData(events)
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .header("X-Accel-Buffering", "no")
        .build();
  }

  private OutboundSseEvent event(GenerationUpdate update, GenerationRequest request) {
    return sse.newEventBuilder()
        .id(Long.toString(update.offset()))
        .name(update.kind().name().toLowerCase(Locale.ROOT))
        .mediaType(MediaType.APPLICATION_JSON_TYPE)
        .data(
            switch (update.kind()) {
              case SNAPSHOT, STATE -> GenerationJson.of(whole(update.view(), request));
              case PROGRESS -> ProgressJson.of(update.view(), update.progress().orElseThrow());
              case PREVIEW -> PreviewJson.of(update.view(), update.progress().orElseThrow());
            })
        .build();
  }

  private static boolean flag(String name, String value) {
    if (value == null || value.equals("true") || value.equals("false")) {
      return Boolean.parseBoolean(value);
    }
    throw new ProblemException(
        Problem.invalid(
            List.of(
                new FieldError(
                    name,
                    "not_allowed",
                    "Must be true or false",
                    Optional.of(Allowed.oneOf(List.of("true", "false")))))));
  }

  private static GenerationView whole(GenerationView view, GenerationRequest request) {
    return view.hasPrompts() ? view : view.withPromptsOf(request);
  }

  /** Anything but an offset is as good as none: the answer begins with a snapshot. */
  private static long offset(String lastEventId) {
    return lastEventId != null && lastEventId.matches("\\d{1,18}")
        ? Long.parseLong(lastEventId)
        : UNKNOWN;
  }

  /**
   * Steps done of steps of one picture, how far the whole generation is (0 to 1), and how long its
   * steps will take; absent while nobody can say.
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record ProgressJson(String id, int imageIndex, int step, int steps, double progress, Long etaMs) {
    static ProgressJson of(GenerationView view, StepProgress step) {
      return new ProgressJson(
          view.id(),
          step.imageIndex(),
          step.step(),
          step.steps(),
          view.progress(),
          view.etaMs().isPresent() ? view.etaMs().getAsLong() : null);
    }
  }

  /**
   * What a picture looks like after a step.
   *
   * @param image a data: URL of a PNG
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record PreviewJson(String id, int imageIndex, int step, String image) {
    static PreviewJson of(GenerationView view, StepProgress step) {
      return new PreviewJson(
          view.id(),
          step.imageIndex(),
          step.step(),
          "data:image/png;base64,"
              + Base64.getEncoder().encodeToString(step.preview().toByteArray()));
    }
  }
}
