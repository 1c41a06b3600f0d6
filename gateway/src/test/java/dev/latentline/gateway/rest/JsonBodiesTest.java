package dev.latentline.gateway.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Limits;
import dev.latentline.gateway.GatewaySettings;
import dev.latentline.gateway.problem.ProblemException;
import dev.latentline.testkit.Patience;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.NotSupportedException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class JsonBodiesTest {
  private final Vertx vertx = Vertx.vertx();
  private final CountDownLatch closed = new CountDownLatch(1);

  @AfterEach
  void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void aBodyIsReadUpToTheLimit() {
    byte[] most = new byte[Limits.MAX_JSON_BYTES];

    assertThat(read(new ByteArrayInputStream(most))).isEqualTo(most);
    assertProblem(new ByteArrayInputStream(new byte[most.length + 1]), 413, "body_too_large");
    assertThatThrownBy(
            () ->
                bodies(Patience.SOON)
                    .read(new ByteArrayInputStream(most), "application/json", "gzip"))
        .isInstanceOf(NotSupportedException.class);
  }

  @Test
  void aBodyThatBreaksOffIsTheClientsMistake() {
    InputStream broken =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("Connection reset by peer");
          }
        };

    assertProblem(broken, 400, "body_broken_off");
  }

  @Test
  void whoTakesTooLongIsCutOff() {
    InputStream slow =
        new InputStream() {
          @Override
          public int read() throws IOException {
            try {
              assertThat(closed.await(Patience.SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            throw new IOException("Connection was closed");
          }
        };

    assertThatThrownBy(() -> bodies(Duration.ofMillis(1)).read(slow, "application/json", null))
        .isInstanceOf(ProblemException.class);
  }

  private void assertProblem(InputStream body, int status, String code) {
    assertThatThrownBy(() -> read(body))
        .isInstanceOfSatisfying(
            ProblemException.class,
            e -> {
              assertThat(e.problem().status()).isEqualTo(status);
              assertThat(e.problem().code()).isEqualTo(code);
            });
  }

  private byte[] read(InputStream body) {
    return bodies(Patience.SOON).read(body, "application/json", null);
  }

  private JsonBodies bodies(Duration time) {
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
        Fake.of(HttpServerRequest.class, Map.of("connection", () -> connection));
    return new JsonBodies(
        Fake.of(GatewaySettings.class, Map.of("bodyTime", () -> time)),
        Fake.of(RoutingContext.class, Map.of("request", () -> request)),
        vertx);
  }
}
