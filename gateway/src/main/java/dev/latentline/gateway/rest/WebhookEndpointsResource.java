package dev.latentline.gateway.rest;

import dev.latentline.gateway.access.Caller;
import dev.latentline.gateway.webhook.WebhookSecrets;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** What a receiver needs to verify webhooks. */
@Path("/v1/webhook_endpoints")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "webhooks")
class WebhookEndpointsResource {
  private final WebhookSecrets secrets;
  private final Caller caller;

  WebhookEndpointsResource(WebhookSecrets secrets, Caller caller) {
    this.secrets = secrets;
    this.caller = caller;
  }

  @GET
  @Path("/" + WebhookSecrets.DEFAULT_ENDPOINT)
  @Operation(summary = "The endpoint that signs every webhook of a bare url")
  @APIResponse(
      responseCode = "200",
      content = @Content(schema = @Schema(implementation = EndpointJson.class)))
  public Response byDefault() {
    String id = WebhookSecrets.DEFAULT_ENDPOINT;
    return Response.ok(
            new EndpointJson(id, "webhook_endpoint", secrets.secretFor(caller.tenant(), id)))
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .build();
  }

  /**
   * An endpoint.
   *
   * @param secret for Standard Webhooks' libraries: {@code whsec_} and base64
   */
  record EndpointJson(String id, String object, String secret) {}
}
