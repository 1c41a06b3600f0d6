package dev.latentline.gateway.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.testkit.Patience;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DownloadsTest {
  private static final String KEY = "images/acme/gen/0.png";
  private static final int SIZE = 3 * Downloads.PIECE_BYTES + 17;

  private final Vertx vertx = Vertx.vertx();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Pieces store = new Pieces();
  private HttpMethod method = HttpMethod.GET;
  private Duration pieceTime = Patience.SOON;

  @AfterEach
  void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void aPictureIsSentWholeAndReadInPieces() throws Exception {
    Downloads downloads = downloads();

    assertThat(sent(entity(downloads, 0, SIZE))).isEqualTo(store.picture);
    assertThat(store.longest).isEqualTo(Downloads.PIECE_BYTES);
    assertThat(sent(entity(downloads, 99, Downloads.PIECE_BYTES + 1)))
        .isEqualTo(Arrays.copyOfRange(store.picture, 99, 100 + Downloads.PIECE_BYTES));
  }

  @Test
  void ofARangeNoMoreIsReadThanIsSent() throws Exception {
    assertThat(sent(entity(downloads(), 1000, 100)))
        .isEqualTo(Arrays.copyOfRange(store.picture, 1000, 1100));
    assertThat(store.longest).isEqualTo(100);
  }

  @Test
  void forAnAnswerWithoutABodyNothingIsRead() {
    method = HttpMethod.HEAD;

    assertThat(entity(downloads(), 0, SIZE)).isEqualTo(new byte[0]);
    assertThat(store.longest).isZero();
  }

  @Test
  void aPlaceIsFreeAgainOnceThePictureIsSent() throws Exception {
    Downloads downloads = downloads();
    Object first = entity(downloads, 0, SIZE);
    assertThatThrownBy(() -> entity(downloads, 0, SIZE))
        .isInstanceOfSatisfying(
            Failure.Retryable.class, e -> assertThat(e.code()).isEqualTo("too_many_downloads"));

    sent(first);

    assertThat(sent(entity(downloads, 0, SIZE))).isEqualTo(store.picture);
  }

  @Test
  void aPlaceIsFreeAgainWhateverHappens() throws Exception {
    Downloads downloads = downloads();
    assertThatThrownBy(() -> entity(downloads, "images/acme/gen/1.png", 0, SIZE))
        .isInstanceOfSatisfying(
            ProblemException.class, e -> assertThat(e.problem().code()).isEqualTo("missing"));
    store.away = true;
    assertThatThrownBy(() -> entity(downloads, 0, SIZE)).isInstanceOf(Failure.Retryable.class);
    store.away = false;
    Object begun = entity(downloads, 0, SIZE);
    store.away = true;
    assertThatThrownBy(() -> sent(begun)).isInstanceOf(Failure.Retryable.class);
    store.away = false;
    Object unwanted = entity(downloads, 0, SIZE);
    assertThatThrownBy(() -> ((StreamingOutput) unwanted).write(new Gone()))
        .isInstanceOf(ProblemException.class);

    assertThat(sent(entity(downloads, 0, SIZE))).isEqualTo(store.picture);
  }

  @Test
  void whoTakesNothingIsCutOff() {
    pieceTime = Duration.ofMillis(1);
    Object entity = entity(downloads(), 0, SIZE);
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int value) throws IOException {
            try {
              assertThat(closed.await(Patience.SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            throw new IOException("Connection has been closed");
          }
        };

    assertThatThrownBy(() -> ((StreamingOutput) entity).write(full))
        .isInstanceOf(ProblemException.class);
  }

  private static byte[] sent(Object entity) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ((StreamingOutput) entity).write(out);
    return out.toByteArray();
  }

  private static Object entity(Downloads downloads, int first, int count) {
    return entity(downloads, KEY, first, count);
  }

  private static Object entity(Downloads downloads, String key, int first, int count) {
    return downloads.entity(
        "acme", key, first, count, () -> new ProblemException(Problem.of(404, "missing", "Gone")));
  }

  /** With one place. */
  private Downloads downloads() {
    HttpConnection connection =
        Fake.of(
            HttpConnection.class,
            Map.of(
                "close",
                () -> {
                  closed.countDown();
                  return null;
                }));
    HttpServerRequest request =
        Fake.of(
            HttpServerRequest.class,
            Map.of("connection", () -> connection, "method", () -> method));
    PictureSettings settings =
        Fake.of(
            PictureSettings.class,
            Map.of(
                "maxDownloads",
                () -> 1,
                "maxDownloadsPerTenant",
                () -> 1,
                "pieceTime",
                () -> pieceTime));
    return new Downloads(
        store,
        settings,
        Fake.of(RoutingContext.class, Map.of("request", () -> request)),
        vertx,
        HttpConnection::close);
  }

  /** A client that has left. */
  private static final class Gone extends OutputStream {
    @Override
    public void write(int value) throws IOException {
      throw new IOException("Broken pipe");
    }
  }

  /** One picture, of which only parts can be read. */
  private static final class Pieces implements BlobStore {
    private final byte[] picture = new byte[SIZE];
    private int longest;
    private boolean away;

    Pieces() {
      new Random(5).nextBytes(picture);
    }

    @Override
    public Optional<byte[]> get(String key, long offset, int length) {
      if (away) {
        throw new Failure.Retryable(Failure.STORE_UNAVAILABLE, "away");
      }
      longest = Math.max(longest, length);
      return key.equals(KEY)
          ? Optional.of(Arrays.copyOfRange(picture, (int) offset, (int) offset + length))
          : Optional.empty();
    }

    @Override
    public void put(String key, byte[] bytes, String contentType) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes, String contentType) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Optional<byte[]> get(String key) {
      throw new AssertionError("read as a whole");
    }

    @Override
    public boolean exists(String key) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void delete(String key) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<String> listOlder(Instant than, String prefix, String after, int max) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<String> list(String prefix, String after, int max) {
      throw new UnsupportedOperationException();
    }
  }
}
