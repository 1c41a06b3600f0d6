package dev.latentline.gateway.rest;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.latentline.contract.InputIds;
import dev.latentline.contract.Limits;
import dev.latentline.gateway.access.Caller;
import dev.latentline.gateway.input.BrokenUploadException;
import dev.latentline.gateway.input.InputObject;
import dev.latentline.gateway.input.Inputs;
import dev.latentline.gateway.input.StoredInput;
import dev.latentline.gateway.input.UnusablePictureException;
import dev.latentline.gateway.input.Uploads;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import io.smallrye.common.annotation.Blocking;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.NotSupportedException;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.media.SchemaProperty;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Pictures that requests can name. */
@Path(InputsResource.PATH)
@Blocking
@Tag(name = "inputs")
class InputsResource {
  static final String PATH = "/v1/inputs";

  private static final String PICTURE = "picture";

  private final Uploads uploads;
  private final Inputs inputs;
  private final Downloads downloads;
  private final Caller caller;
  private final RoutingContext context;
  private final Vertx vertx;

  InputsResource(
      Uploads uploads,
      Inputs inputs,
      Downloads downloads,
      Caller caller,
      RoutingContext context,
      Vertx vertx) {
    this.uploads = uploads;
    this.inputs = inputs;
    this.downloads = downloads;
    this.caller = caller;
    this.context = context;
    this.vertx = vertx;
  }

  /** Whether a picture is sent with it. */
  static boolean isUpload(RoutingContext context) {
    return context.request().method().equals(HttpMethod.POST)
        && context.normalizedPath().equals(PATH);
  }

  @POST
  @Consumes(MediaType.MULTIPART_FORM_DATA)
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(summary = "Send a picture, to be named in requests")
  @RequestBody(
      required = true,
      content =
          @Content(
              mediaType = MediaType.MULTIPART_FORM_DATA,
              schema =
                  @Schema(
                      type = SchemaType.OBJECT,
                      requiredProperties = PICTURE,
                      properties =
                          @SchemaProperty(
                              name = PICTURE,
                              type = SchemaType.STRING,
                              format = "binary",
                              description =
                                  "a PNG or JPEG file of up to 10 MB and 16 megapixels"))))
  @APIResponse(
      responseCode = "201",
      description = "Stored; the same picture has the same id",
      content = @Content(schema = @Schema(implementation = InputJson.class)))
  @APIResponse(responseCode = "400", description = "What is wrong with the picture")
  @APIResponse(responseCode = "413", description = "Longer than a picture may be")
  @APIResponse(responseCode = "415", description = "Not multipart/form-data")
  @APIResponse(responseCode = "503", description = "Not possible now: try again")
  public Response add(
      InputStream body,
      @HeaderParam(HttpHeaders.CONTENT_TYPE) String contentType,
      @HeaderParam(HttpHeaders.CONTENT_ENCODING) String encoding)
      throws IOException {
    if (contentType == null || !(encoding == null || encoding.equalsIgnoreCase("identity"))) {
      throw new NotSupportedException();
    }
    HttpServerRequest request = context.request();
    long late = vertx.setTimer(uploads.time().toMillis(), timer -> request.connection().close());
    try {
      StoredInput stored = uploads.add(caller.tenant(), body, contentType);
      return Response.status(201)
          .entity(InputJson.of(stored))
          .header(HttpHeaders.LOCATION, path(stored.id()))
          .header(HttpHeaders.CACHE_CONTROL, "no-store")
          .build();
    } catch (UnusablePictureException e) {
      throw new ProblemException(Problem.invalid(List.of(e.error())));
    } catch (BrokenUploadException e) {
      throw new ProblemException(
          e.tooLong()
              ? BodyLimit.tooLarge(Limits.MAX_UPLOAD_BYTES)
              : Problem.retryable(400, "upload_broken_off", "The body has not come in as a whole"));
    } finally {
      vertx.cancelTimer(late);
    }
  }

  @GET
  @Path("/{id}")
  @Produces(MediaType.WILDCARD)
  @Operation(summary = "The picture as it is stored: a PNG file")
  @APIResponse(responseCode = "200", description = "All of it")
  @APIResponse(responseCode = "206", description = "The range that was asked for")
  @APIResponse(responseCode = "304", description = "As the client has it: ETag is the SHA-256")
  @APIResponse(responseCode = "404", description = "There is none with this id")
  @APIResponse(responseCode = "416", description = "The picture is shorter than the range")
  @APIResponse(responseCode = "503", description = "Not possible now: try again")
  public Response get(
      @PathParam("id") String id,
      @HeaderParam(HttpHeaders.IF_NONE_MATCH) String ifNoneMatch,
      @HeaderParam("Range") String range,
      @HeaderParam("If-Range") String ifRange) {
    InputObject file = inputs.find(caller.tenant(), id).orElseThrow(InputsResource::notFound);
    return new PictureAnswer(
            InputIds.sha256(id), file.sizeBytes(), Inputs.CONTENT_TYPE, id + ".png")
        .to(
            ifNoneMatch,
            range,
            ifRange,
            (first, count) ->
                downloads.entity(
                    caller.tenant(), file.key(), first, count, InputsResource::notFound));
  }

  @DELETE
  @Path("/{id}")
  @Operation(summary = "Delete a picture; requests can name it no more")
  @APIResponse(responseCode = "204", description = "Deleted")
  @APIResponse(responseCode = "404", description = "There is none with this id")
  public Response delete(@PathParam("id") String id) {
    if (!inputs.delete(caller.tenant(), id)) {
      throw notFound();
    }
    return Response.noContent().build();
  }

  private static ProblemException notFound() {
    return new ProblemException(
        Problem.of(404, "input_not_found", "There is no picture with this id"));
  }

  private static String path(String id) {
    return PATH + "/" + id;
  }

  /**
   * A stored picture.
   *
   * @param object always {@code input}
   * @param sha256 of the stored file, in hex
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  @Schema(name = "Input")
  record InputJson(
      String id,
      String object,
      int width,
      int height,
      String sha256,
      String contentType,
      long sizeBytes,
      String url) {
    static InputJson of(StoredInput stored) {
      return new InputJson(
          stored.id(),
          "input",
          stored.width(),
          stored.height(),
          stored.sha256(),
          Inputs.CONTENT_TYPE,
          stored.sizeBytes(),
          path(stored.id()));
    }
  }
}
