package dev.latentline.gateway.rest;

import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * How a picture is sent that never changes: with its digest as ETag, and in ranges.
 *
 * @param sha256 of its bytes, in hex
 * @param filename without quotes
 */
record PictureAnswer(String sha256, String contentType, String filename) {
  /** A picture never changes; only its own tenant's browser may keep it. */
  private static final String FOREVER = "private, max-age=31536000, immutable";

  /** Whatever the bytes are, a browser runs nothing in them. */
  private static final String NO_CONTENT_RUNS = "default-src 'none'; sandbox";

  /**
   * @param range and what comes before it: headers of the request; null when there is none
   * @param read asked for when they are sent
   * @throws ProblemException 416 when the picture is shorter than the range
   */
  Response to(String ifNoneMatch, String range, String ifRange, Supplier<byte[]> read) {
    String tag = "\"" + sha256 + "\"";
    if (EntityTags.match(ifNoneMatch, sha256)) {
      return headers(Response.notModified(), tag).build();
    }
    byte[] bytes = read.get();
    Optional<ByteRange> part =
        ifRange == null || ifRange.equals(tag)
            ? ByteRange.parse(range, bytes.length)
            : Optional.empty();
    if (part.isPresent() && !part.get().satisfiable()) {
      throw new ProblemException(
          Problem.of(416, "range_not_satisfiable", "The picture has " + bytes.length + " bytes"),
          Map.of("Content-Range", "bytes */" + bytes.length));
    }
    Response.ResponseBuilder response =
        part.map(
                found ->
                    Response.status(206)
                        .header(
                            "Content-Range",
                            "bytes " + found.first() + "-" + found.last() + "/" + bytes.length)
                        .entity(Arrays.copyOfRange(bytes, found.first(), found.last() + 1)))
            // for HEAD, whose answer has no body to measure
            .orElseGet(() -> Response.ok(bytes).header(HttpHeaders.CONTENT_LENGTH, bytes.length));
    return headers(response, tag)
        .type(contentType)
        .header(HttpHeaders.CONTENT_DISPOSITION, "inline; filename=\"" + filename + "\"")
        .build();
  }

  private static Response.ResponseBuilder headers(Response.ResponseBuilder response, String tag) {
    return response
        .header(HttpHeaders.ETAG, tag)
        .header(HttpHeaders.CACHE_CONTROL, FOREVER)
        .header("Accept-Ranges", "bytes")
        .header("Content-Security-Policy", NO_CONTENT_RUNS);
  }
}
