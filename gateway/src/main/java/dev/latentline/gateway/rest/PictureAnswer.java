package dev.latentline.gateway.rest;

import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Map;
import java.util.Optional;

/**
 * How a picture is sent that never changes: with its digest as ETag, and in ranges.
 *
 * @param sha256 of its bytes, in hex
 * @param filename without quotes
 */
record PictureAnswer(String sha256, long sizeBytes, String contentType, String filename) {
  /** A picture never changes; only its own tenant's browser may keep it. */
  private static final String FOREVER = "private, max-age=31536000, immutable";

  /** Whatever the bytes are, a browser runs nothing in them. */
  private static final String NO_CONTENT_RUNS = "default-src 'none'; sandbox";

  /** Where its bytes come from, when they are sent. */
  interface Bytes {
    /**
     * @return what JAX-RS can write: so many bytes, from the first on
     */
    Object entity(int first, int count);
  }

  /**
   * @param range and what comes before it: headers of the request; null when there is none
   * @param bytes asked for when they are sent
   * @throws ProblemException 416 when the picture is shorter than the range
   */
  Response to(String ifNoneMatch, String range, String ifRange, Bytes bytes) {
    String tag = "\"" + sha256 + "\"";
    if (EntityTags.match(ifNoneMatch, sha256)) {
      return headers(Response.notModified(), tag).build();
    }
    int size = Math.toIntExact(sizeBytes);
    Optional<ByteRange> part =
        ifRange == null || ifRange.equals(tag) ? ByteRange.parse(range, size) : Optional.empty();
    if (part.isPresent() && !part.get().satisfiable()) {
      throw new ProblemException(
          Problem.of(416, "range_not_satisfiable", "The picture has " + size + " bytes"),
          Map.of("Content-Range", "bytes */" + size));
    }
    ByteRange sent = part.orElse(new ByteRange(0, size - 1));
    int count = sent.last() - sent.first() + 1;
    Response.ResponseBuilder response =
        part.isPresent()
            ? Response.status(206)
                .header("Content-Range", "bytes " + sent.first() + "-" + sent.last() + "/" + size)
            : Response.ok();
    return headers(response, tag)
        .type(contentType)
        .header(HttpHeaders.CONTENT_DISPOSITION, "inline; filename=\"" + filename + "\"")
        .header(HttpHeaders.CONTENT_LENGTH, count)
        .entity(bytes.entity(sent.first(), count))
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
