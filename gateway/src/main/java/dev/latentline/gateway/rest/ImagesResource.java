package dev.latentline.gateway.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.contract.Failure;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.gateway.access.Caller;
import dev.latentline.gateway.line.GenerationView;
import dev.latentline.gateway.line.GenerationView.StoredImage;
import dev.latentline.gateway.line.Generations;
import dev.latentline.gateway.owner.Manifests;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import dev.latentline.kit.blob.BlobStore;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** What a generation left in the store. */
@Path("/v1/generations/{id}")
@Blocking
@Tag(name = "generations")
class ImagesResource {
  private static final JsonMapper JSON = new JsonMapper();

  private final Generations generations;
  private final BlobStore store;
  private final Downloads downloads;
  private final Caller caller;

  ImagesResource(Generations generations, BlobStore store, Downloads downloads, Caller caller) {
    this.generations = generations;
    this.store = store;
    this.downloads = downloads;
    this.caller = caller;
  }

  @GET
  @Path("/images/{index}")
  @Produces(MediaType.WILDCARD)
  @Operation(summary = "A picture's bytes, as they are in the store")
  @APIResponse(responseCode = "200", description = "All of it")
  @APIResponse(responseCode = "206", description = "The range that was asked for")
  @APIResponse(responseCode = "304", description = "As the client has it: ETag is the SHA-256")
  @APIResponse(responseCode = "404", description = "Not stored, or not yet")
  @APIResponse(responseCode = "416", description = "The picture is shorter than the range")
  @APIResponse(responseCode = "503", description = "Not possible now: try again")
  public Response image(
      @PathParam("id") String id,
      @PathParam("index") int index,
      @HeaderParam(HttpHeaders.IF_NONE_MATCH) String ifNoneMatch,
      @HeaderParam("Range") String range,
      @HeaderParam("If-Range") String ifRange) {
    Optional<GenerationView> view = view(id);
    StoredImage image =
        (view.isPresent()
                ? view.get().images().stream().filter(stored -> stored.index() == index).findFirst()
                : Manifests.image(read(kept(id)), index))
            .orElseThrow(() -> missing(view));
    String extension = image.key().substring(image.key().lastIndexOf('.') + 1);
    return new PictureAnswer(
            image.sha256(),
            image.sizeBytes(),
            image.contentType(),
            id + "-" + index + "." + extension)
        .to(
            ifNoneMatch,
            range,
            ifRange,
            (first, count) ->
                downloads.entity(caller.tenant(), image.key(), first, count, () -> missing(view)));
  }

  @GET
  @Path("/manifest")
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(summary = "Everything that reproduces a generation; there once it has ended")
  @APIResponse(responseCode = "404", description = "Not written, or not yet")
  public Response manifest(@PathParam("id") String id) {
    Optional<GenerationView> view = view(id);
    byte[] manifest =
        view.isEmpty()
            ? kept(id)
            : store
                .get(ObjectKeys.manifest(caller.tenant(), id))
                .orElseThrow(() -> noManifest(view.get()));
    return Response.ok(manifest, MediaType.APPLICATION_JSON)
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .build();
  }

  /** Empty when it is not, or no longer, known. */
  private Optional<GenerationView> view(String id) {
    return GenerationIds.isValid(id) ? generations.find(caller.tenant(), id) : Optional.empty();
  }

  /**
   * The manifest of a generation that is not known: it stays when the generation is forgotten.
   *
   * @throws ProblemException 404
   */
  private byte[] kept(String id) {
    return Optional.of(id)
        .filter(GenerationIds::isValid)
        .flatMap(valid -> store.get(ObjectKeys.manifest(caller.tenant(), valid)))
        .orElseThrow(GenerationsResource::notFound);
  }

  private static JsonNode read(byte[] manifest) {
    try {
      return JSON.readTree(manifest);
    } catch (IOException e) {
      throw new Failure.Retryable(Failure.STORE_UNAVAILABLE, "a manifest is unreadable", e);
    }
  }

  private static ProblemException noManifest(GenerationView view) {
    return new ProblemException(
        view.request().getLive()
            ? Problem.of(404, "manifest_not_found", "A live frame leaves no manifest")
            : Problem.retryable(
                404,
                "manifest_not_found",
                "The manifest is written when the generation has ended"));
  }

  private static ProblemException missing(Optional<GenerationView> view) {
    return new ProblemException(
        view.isEmpty() || view.get().status().terminal()
            ? Problem.of(404, "image_not_found", "This generation has no such picture")
            : Problem.retryable(404, "image_not_found", "This picture is not stored yet"));
  }
}
