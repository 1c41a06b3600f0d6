package dev.latentline.gateway.egress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.testkit.Patience;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.PfxOptions;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PinnedEgressIT {
  private static final byte[] BODY = "{\"type\":\"test\"}".getBytes(StandardCharsets.UTF_8);
  private static final String PASSWORD = "changeit";

  private final Vertx vertx = Vertx.vertx();
  private final AtomicInteger resolved = new AtomicInteger();
  private final ConcurrentLinkedQueue<HttpServerRequest> requests = new ConcurrentLinkedQueue<>();
  private NameResolver names = NameResolver.SYSTEM;
  private PinnedEgress.Patience patience =
      new PinnedEgress.Patience(Duration.ofSeconds(20), Duration.ofSeconds(30));
  private HttpClientOptions trust = new HttpClientOptions();

  @AfterEach
  void close() throws Exception {
    vertx
        .close()
        .toCompletionStage()
        .toCompletableFuture()
        .get(Patience.SOON.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void aDeliveryArrivesAsItWasGiven() throws Exception {
    ConcurrentLinkedQueue<Buffer> bodies = new ConcurrentLinkedQueue<>();
    int port =
        listen(
            "127.0.0.1",
            request ->
                request.bodyHandler(
                    body -> {
                      bodies.add(body);
                      request.response().setStatusCode(204).end();
                    }));

    EgressResult result =
        post(
            "http://127.0.0.1:" + port + "/hook?a=b%20c",
            Map.of("Content-Type", "application/json", "webhook-id", "evt_1"));

    assertThat(result.status()).isEqualTo(204);
    assertThat(result.error()).isEmpty();
    assertThat(result.delivered()).isTrue();
    assertThat(result.duration()).isPositive();
    assertThat(bodies.remove().getBytes()).isEqualTo(BODY);
    HttpServerRequest request = requests.remove();
    assertThat(request.method().name()).isEqualTo("POST");
    assertThat(request.uri()).isEqualTo("/hook?a=b%20c");
    assertThat(request.getHeader("Host")).isEqualTo("127.0.0.1:" + port);
    assertThat(request.getHeader("User-Agent")).isEqualTo(PinnedEgress.USER_AGENT);
    assertThat(request.getHeader("Content-Length")).isEqualTo("" + BODY.length);
    assertThat(request.getHeader("Content-Type")).isEqualTo("application/json");
    assertThat(request.getHeader("webhook-id")).isEqualTo("evt_1");
    assertThat(request.headers().contains("Cookie")).isFalse();
    assertThat(request.headers().contains("Authorization")).isFalse();
  }

  @Test
  void theAddressThatWasCheckedIsTheOneThatIsCalled() throws Exception {
    int port = listen("127.0.0.2", request -> request.response().end());
    names =
        name -> {
          resolved.incrementAndGet();
          return List.of(InetAddress.getByName("127.0.0.2"));
        };

    EgressResult result = post("http://localhost:" + port + "/", Map.of());

    assertThat(result.status()).isEqualTo(200);
    assertThat(resolved).hasValue(1);
    HttpServerRequest request = requests.remove();
    assertThat(request.getHeader("Host")).isEqualTo("localhost:" + port);
    assertThat(request.localAddress().hostAddress()).isEqualTo("127.0.0.2");
  }

  @Test
  void aNameThatLeadsElsewhereAtTheNextAttemptIsNotCalled() throws Exception {
    int port = listen("127.0.0.1", request -> request.response().end());
    names =
        name ->
            List.of(
                InetAddress.getByName(resolved.getAndIncrement() == 0 ? "127.0.0.1" : "10.0.0.1"));
    try (PinnedEgress egress = egress()) {
      URI url = URI.create("http://localhost:" + port + "/");
      assertThat(get(egress, url).status()).isEqualTo(200);
      assertThat(get(egress, url).error()).isEqualTo("address_refused");
      assertThat(resolved).hasValue(2);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 303, 307, 308})
  void aRedirectIsNotFollowed(int status) throws Exception {
    int other = listen("127.0.0.1", request -> request.response().end());
    int port =
        listen(
            "127.0.0.1",
            request ->
                request
                    .response()
                    .setStatusCode(status)
                    .putHeader("Location", "http://127.0.0.1:" + other + "/")
                    .putHeader("Refresh", "0; url=http://127.0.0.1:" + other + "/")
                    .end());

    EgressResult result = post("http://127.0.0.1:" + port + "/", Map.of());

    assertThat(result.status()).isEqualTo(status);
    assertThat(result.delivered()).isFalse();
    assertThat(requests).hasSize(1);
  }

  @Test
  void aConnectionIsNotUsedTwice() throws Exception {
    int port = listen("127.0.0.1", request -> request.response().end("ok"));
    try (PinnedEgress egress = egress()) {
      URI url = URI.create("http://127.0.0.1:" + port + "/");
      get(egress, url);
      get(egress, url);
    }
    assertThat(requests)
        .extracting(request -> request.connection().remoteAddress().port())
        .doesNotHaveDuplicates()
        .hasSize(2);
  }

  @Test
  void theReceiverMayAskForPatience() throws Exception {
    int port =
        listen(
            "127.0.0.1",
            request -> request.response().setStatusCode(429).putHeader("Retry-After", "7").end());

    assertThat(post("http://127.0.0.1:" + port + "/", Map.of()).retryAfter())
        .contains(Duration.ofSeconds(7));
  }

  @Test
  void aLongAnswerIsCutAndCounts() throws Exception {
    AtomicInteger written = new AtomicInteger();
    int port =
        listen(
            "127.0.0.1",
            request -> {
              request.response().setChunked(true).setStatusCode(200);
              vertx.setPeriodic(
                  1,
                  id -> {
                    if (request.response().closed() || written.incrementAndGet() > 100_000) {
                      vertx.cancelTimer(id);
                    } else {
                      request.response().write("x".repeat(4096));
                    }
                  });
            });

    EgressResult result = post("http://127.0.0.1:" + port + "/", Map.of());

    assertThat(result.status()).isEqualTo(200);
    assertThat(result.duration()).isLessThan(Duration.ofSeconds(20));
    assertThat(written.get()).isLessThan(1000);
  }

  @Test
  void aReceiverThatNeverAnswersTimesOut() throws Exception {
    patience = new PinnedEgress.Patience(Duration.ofSeconds(1), Duration.ofSeconds(2));
    int port = listen("127.0.0.1", request -> {});

    EgressResult result = post("http://127.0.0.1:" + port + "/", Map.of());

    assertThat(result.status()).isZero();
    assertThat(result.error()).isEqualTo("timed_out");
    assertThat(result.duration()).isBetween(Duration.ofMillis(1900), Duration.ofSeconds(6));
  }

  @Test
  void aReceiverThatAnswersAndThenTalksOnHasAnswered() throws Exception {
    patience = new PinnedEgress.Patience(Duration.ofSeconds(1), Duration.ofSeconds(2));
    int port =
        listen(
            "127.0.0.1",
            request -> request.response().setChunked(true).setStatusCode(202).write("."));

    assertThat(post("http://127.0.0.1:" + port + "/", Map.of()).status()).isEqualTo(202);
  }

  @Test
  void nobodyListeningIsAFailedConnection() throws Exception {
    int free;
    try (ServerSocket socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    assertThat(post("http://127.0.0.1:" + free + "/", Map.of()).error())
        .isEqualTo("connect_failed");
  }

  @Test
  void aReceiverThatHangsUpIsALostConnection() throws Exception {
    NetServer server =
        vertx.createNetServer().connectHandler(socket -> socket.handler(b -> socket.close()));
    int port =
        server
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(Patience.SOON.toSeconds(), TimeUnit.SECONDS)
            .actualPort();

    assertThat(post("http://127.0.0.1:" + port + "/", Map.of()).error())
        .isEqualTo("connection_lost");
  }

  @Test
  void aNameWithoutAddressIsSaidSo() throws Exception {
    names =
        name -> {
          throw new java.net.UnknownHostException(name);
        };
    assertThat(post("https://nowhere.example.com/", Map.of()).error())
        .isEqualTo("name_not_resolved");
  }

  @Test
  void aPrivateAddressIsRefusedWithoutAConnection() throws Exception {
    int port = listen("127.0.0.1", request -> request.response().end());
    names = name -> List.of(InetAddress.getByName("127.0.0.1"));

    assertThat(post("https://example.com:8443/", Map.of()).error()).isEqualTo("address_refused");
    assertThat(post("http://10.0.0.1:" + port + "/", Map.of()).error())
        .isEqualTo("address_refused");
    assertThat(requests).isEmpty();
  }

  @Test
  void aCertificateIsHeldAgainstTheName(@TempDir Path folder) throws Exception {
    Path keys = folder.resolve("keys.p12");
    keytool(keys);
    PfxOptions pfx = new PfxOptions().setPath(keys.toString()).setPassword(PASSWORD);
    HttpServer server =
        vertx
            .createHttpServer(new HttpServerOptions().setSsl(true).setKeyCertOptions(pfx))
            .requestHandler(request -> request.response().end());
    int port =
        server
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(Patience.SOON.toSeconds(), TimeUnit.SECONDS)
            .actualPort();
    names = name -> List.of(InetAddress.getByName("127.0.0.1"));

    assertThat(post("https://localhost:" + port + "/", Map.of()).error()).isEqualTo("tls_failed");
    trust = new HttpClientOptions().setTrustOptions(pfx);
    assertThat(post("https://localhost:" + port + "/", Map.of()).status()).isEqualTo(200);
    assertThat(post("https://127.0.0.1:" + port + "/", Map.of()).error()).isEqualTo("tls_failed");
  }

  private static void keytool(Path keys) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "a",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost",
                "-storetype",
                "PKCS12",
                "-keystore",
                keys.toString(),
                "-storepass",
                PASSWORD)
            .redirectErrorStream(true)
            .start();
    process.getInputStream().readAllBytes();
    assertThat(process.waitFor()).isZero();
  }

  private int listen(String address, io.vertx.core.Handler<HttpServerRequest> handler)
      throws Exception {
    return vertx
        .createHttpServer()
        .requestHandler(
            request -> {
              requests.add(request);
              handler.handle(request);
            })
        .listen(0, address)
        .toCompletionStage()
        .toCompletableFuture()
        .get(Patience.SOON.toSeconds(), TimeUnit.SECONDS)
        .actualPort();
  }

  private PinnedEgress egress() {
    AddressCheck check =
        new AddressCheck(
            vertx, new EgressPolicy(true), name -> names.resolve(name), Duration.ofSeconds(5));
    return new PinnedEgress(vertx, check, Clock.systemUTC(), patience, trust);
  }

  private EgressResult post(String url, Map<String, String> headers) throws Exception {
    try (PinnedEgress egress = egress()) {
      return egress
          .post(URI.create(url), headers, BODY)
          .toCompletableFuture()
          .get(Patience.SOON.toSeconds(), TimeUnit.SECONDS);
    }
  }

  private static EgressResult get(PinnedEgress egress, URI url) throws Exception {
    return egress
        .post(url, Map.of(), BODY)
        .toCompletableFuture()
        .get(Patience.SOON.toSeconds(), TimeUnit.SECONDS);
  }
}
