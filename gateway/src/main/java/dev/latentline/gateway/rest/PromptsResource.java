package dev.latentline.gateway.rest;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.contract.Failure;
import dev.latentline.gateway.access.Caller;
import dev.latentline.gateway.access.TenantPlaces;
import dev.latentline.gateway.analysis.PromptAnalysis;
import dev.latentline.proto.v1.GenerationRequest;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.InputStream;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** What becomes of prompts, without making a picture. */
@Path("/v1/prompts:analyze")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
@Tag(name = "prompts")
class PromptsResource {
  static final int ANALYSES_PER_TENANT = 12;
  private static final int ANALYSES = 16;

  private final Submission submission;
  private final JsonBodies bodies;
  private final PromptAnalysis analysis;
  private final Caller caller;
  private final ObjectMapper json;

  /** An answer can be megabytes; it has its place until the client has taken it. */
  private final TenantPlaces places = new TenantPlaces("analyses", ANALYSES, ANALYSES_PER_TENANT);

  PromptsResource(
      Submission submission,
      JsonBodies bodies,
      PromptAnalysis analysis,
      Caller caller,
      ObjectMapper json) {
    this.submission = submission;
    this.bodies = bodies;
    this.analysis = analysis;
    this.caller = caller;
    this.json = json;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "What the model would be given of a request's prompts; nothing is made")
  @RequestBody(
      required = true,
      description = "As for POST /v1/generations",
      content = @Content(schema = @Schema(implementation = SubmittedJson.class)))
  @APIResponse(
      responseCode = "200",
      description = "Texts, tokens, weights, chunks, and what is cut",
      content = @Content(schema = @Schema(implementation = AnalysisJson.class)))
  @APIResponse(responseCode = "400", description = "Everything that is wrong with the request")
  @APIResponse(responseCode = "413", description = "Longer than 64 KiB")
  @APIResponse(responseCode = "415", description = "Not application/json")
  @APIResponse(responseCode = "503", description = "Not possible now: try again")
  public Response analyze(
      InputStream body,
      @HeaderParam(HttpHeaders.CONTENT_TYPE) String contentType,
      @HeaderParam(HttpHeaders.CONTENT_ENCODING) String encoding) {
    String tenant = caller.tenant();
    GenerationRequest request =
        submission.validateOnly(bodies.read(body, contentType, encoding), tenant);
    if (!places.take(tenant)) {
      throw new Failure.Retryable("too_many_analyses", "Too many prompts are looked at already");
    }
    try {
      AnalysisJson answer = AnalysisJson.of(analysis.analyze(request), request);
      return Response.ok(
              (StreamingOutput)
                  out -> {
                    try {
                      json.writeValue(out, answer);
                    } finally {
                      places.giveBack(tenant);
                    }
                  })
          .header(HttpHeaders.CACHE_CONTROL, "no-store")
          .build();
    } catch (RuntimeException e) {
      places.giveBack(tenant);
      throw e;
    }
  }
}
