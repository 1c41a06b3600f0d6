package dev.latentline.gateway.rest;

import dev.latentline.contract.Failure;
import dev.latentline.gateway.access.TenantPlaces;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import dev.latentline.kit.blob.BlobStore;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Pictures on their way to clients: a bounded number at once, each read from the store in pieces,
 * the next one when the client has taken the one before. Thread-safe.
 */
@Singleton
class Downloads {
  static final int PIECE_BYTES = 256 * 1024;

  private final BlobStore store;
  private final TenantPlaces places;
  private final PictureSettings settings;
  private final RoutingContext context;
  private final Vertx vertx;
  private final Consumer<HttpConnection> cutOff;

  @Inject
  Downloads(BlobStore store, PictureSettings settings, RoutingContext context, Vertx vertx) {
    this(store, settings, context, vertx, Connections::closeAtOnce);
  }

  /**
   * @param cutOff closes a connection, whatever is still to be written to it
   */
  Downloads(
      BlobStore store,
      PictureSettings settings,
      RoutingContext context,
      Vertx vertx,
      Consumer<HttpConnection> cutOff) {
    this.cutOff = cutOff;
    this.store = store;
    this.settings = settings;
    this.places =
        new TenantPlaces(
            "latentline.pictures.max-downloads",
            settings.maxDownloads(),
            settings.maxDownloadsPerTenant());
    this.context = context;
    this.vertx = vertx;
  }

  /**
   * A part of a picture as the body of the answer to this request. It has its place until it is
   * written.
   *
   * @param missing told when it is not in the store
   * @throws Failure.Retryable when too many are being sent, or the store is away
   */
  Object entity(
      String tenant, String key, int first, int count, Supplier<ProblemException> missing) {
    if (count == 0 || context.request().method().equals(HttpMethod.HEAD)) {
      return new byte[0];
    }
    if (!places.take(tenant)) {
      throw new Failure.Retryable("too_many_downloads", "Too many pictures are being sent already");
    }
    try {
      // before the head is sent, which says that all is well
      byte[] begin = store.get(key, first, Math.min(PIECE_BYTES, count)).orElseThrow(missing);
      HttpConnection client = context.request().connection();
      return (StreamingOutput)
          out -> {
            try {
              send(out, client, key, begin, first, count);
            } catch (IOException e) {
              // the client has gone or is too slow, or the picture was deleted: the answer breaks
              // off
              throw new ProblemException(
                  Problem.retryable(503, "download_broken_off", "The picture was not sent whole"));
            } finally {
              places.giveBack(tenant);
            }
          };
    } catch (RuntimeException e) {
      places.giveBack(tenant);
      throw e;
    }
  }

  private void send(
      OutputStream out, HttpConnection client, String key, byte[] begin, int first, int count)
      throws IOException {
    write(out, client, begin);
    int sent = begin.length;
    while (sent < count) {
      byte[] piece =
          store
              .get(key, first + sent, Math.min(PIECE_BYTES, count - sent))
              .filter(bytes -> bytes.length > 0)
              .orElseThrow(() -> new IOException("the picture has ended early"));
      write(out, client, piece);
      sent += piece.length;
    }
  }

  private void write(OutputStream out, HttpConnection client, byte[] piece) throws IOException {
    long late = vertx.setTimer(settings.pieceTime().toMillis(), timer -> cutOff.accept(client));
    try {
      out.write(piece);
      // what is left in a buffer would be written later, without a limit of time
      out.flush();
    } finally {
      vertx.cancelTimer(late);
    }
  }
}
