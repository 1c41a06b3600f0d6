package dev.latentline.gateway.rest;

import dev.latentline.contract.GenerationIds;
import dev.latentline.gateway.access.Caller;
import dev.latentline.gateway.line.GenerationView;
import dev.latentline.gateway.line.Generations;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.InputStream;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Submitting, looking at and cancelling generations. */
@Path("/v1/generations")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
@Tag(name = "generations")
class GenerationsResource {
  private final Generations generations;
  private final Acceptance acceptance;
  private final JsonBodies bodies;
  private final Prompts prompts;
  private final Caller caller;

  GenerationsResource(
      Generations generations,
      Acceptance acceptance,
      JsonBodies bodies,
      Prompts prompts,
      Caller caller) {
    this.generations = generations;
    this.acceptance = acceptance;
    this.bodies = bodies;
    this.prompts = prompts;
    this.caller = caller;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "Submit a generation: after a 202 it ends in exactly one way")
  @Parameter(
      name = Acceptance.KEY,
      in = ParameterIn.HEADER,
      description =
          "1 to 255 visible ASCII characters: the same request with the same key again is answered"
              + " with the generation that the first one made",
      schema = @Schema(type = SchemaType.STRING, minLength = 1, maxLength = 255))
  @RequestBody(
      required = true,
      content = @Content(schema = @Schema(implementation = SubmittedJson.class)))
  @APIResponse(
      responseCode = "202",
      description = "Accepted; Location is where it can be followed",
      content = @Content(schema = @Schema(implementation = GenerationJson.class)))
  @APIResponse(responseCode = "400", description = "Everything that is wrong with the request")
  @APIResponse(responseCode = "409", description = "The Idempotency-Key stands for another request")
  @APIResponse(responseCode = "413", description = "Longer than 64 KiB")
  @APIResponse(responseCode = "415", description = "Not application/json")
  @APIResponse(responseCode = "429", description = "Too much is waiting: try again later")
  @APIResponse(responseCode = "503", description = "Not possible now: try again")
  public Response submit(
      InputStream body,
      @HeaderParam(HttpHeaders.CONTENT_TYPE) String contentType,
      @HeaderParam(HttpHeaders.CONTENT_ENCODING) String encoding,
      @Context HttpHeaders headers) {
    Optional<String> key = Acceptance.key(headers.getRequestHeader(Acceptance.KEY));
    Acceptance.Accepted accepted =
        acceptance.accept(bodies.read(body, contentType, encoding), caller.tenant(), key);
    Response.ResponseBuilder response =
        Response.accepted(GenerationJson.of(prompts.in(accepted.view())))
            .header(HttpHeaders.LOCATION, GenerationJson.path(accepted.view().id()))
            .header(HttpHeaders.CACHE_CONTROL, "no-store");
    return accepted.replayed()
        ? response.header(Acceptance.REPLAYED, true).build()
        : response.build();
  }

  @GET
  @Path("/{id}")
  @Operation(summary = "What is known of a generation")
  @APIResponse(
      responseCode = "200",
      content = @Content(schema = @Schema(implementation = GenerationJson.class)))
  @APIResponse(responseCode = "404", description = "There is none with this id")
  public Response get(@PathParam("id") String id) {
    return Response.ok(GenerationJson.of(prompts.in(find(id))))
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .build();
  }

  @POST
  @Path("/{id}/cancel")
  @Operation(summary = "Ask for a generation to be cancelled; one that has ended stays as it is")
  @APIResponse(
      responseCode = "202",
      description = "Asked for: it ends as cancelled unless it ends another way first",
      content = @Content(schema = @Schema(implementation = GenerationJson.class)))
  @APIResponse(responseCode = "200", description = "It had ended already")
  public Response cancel(@PathParam("id") String id) {
    boolean ended = find(id).status().terminal();
    if (!ended && !generations.requestCancel(caller.tenant(), id)) {
      throw notFound();
    }
    return Response.status(ended ? 200 : 202)
        .entity(GenerationJson.of(prompts.in(find(id))))
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .build();
  }

  private GenerationView find(String id) {
    return find(generations, caller, id);
  }

  /**
   * @throws ProblemException 404, alike for an id that cannot be, is not, or is another tenant's
   */
  static GenerationView find(Generations generations, Caller caller, String id) {
    if (!GenerationIds.isValid(id)) {
      throw notFound();
    }
    return generations.find(caller.tenant(), id).orElseThrow(GenerationsResource::notFound);
  }

  static ProblemException notFound() {
    return new ProblemException(
        Problem.of(404, "generation_not_found", "There is no generation with this id"));
  }
}
