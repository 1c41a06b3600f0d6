package dev.latentline.gateway.egress;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import javax.net.ssl.SSLException;

/** {@link Egress} through Vert.x, to the address that {@link AddressCheck} has judged. */
public final class PinnedEgress implements Egress, AutoCloseable {
  static final String USER_AGENT = "Latentline-Webhooks/1";
  private static final int MAX_ANSWER_BYTES = 20_000;
  private static final int MAX_HEADER_BYTES = 16_384;
  private static final int MAX_CONNECTIONS = 64;

  private final Vertx vertx;
  private final HttpClient client;
  private final AddressCheck check;
  private final Clock clock;
  private final Patience patience;

  /** How long connecting, and everything together, may take. */
  record Patience(Duration connect, Duration total) {
    static final Patience DEFAULT = new Patience(Duration.ofSeconds(5), Duration.ofSeconds(15));
  }

  public PinnedEgress(Vertx vertx, AddressCheck check, Clock clock) {
    this(vertx, check, clock, Patience.DEFAULT, new HttpClientOptions());
  }

  /**
   * @param base what a test trusts beyond the public authorities
   */
  PinnedEgress(
      Vertx vertx, AddressCheck check, Clock clock, Patience patience, HttpClientOptions base) {
    this.vertx = vertx;
    this.check = check;
    this.clock = clock;
    this.patience = patience;
    this.client =
        vertx.createHttpClient(
            new HttpClientOptions(base)
                .setProtocolVersion(HttpVersion.HTTP_1_1)
                .setKeepAlive(false)
                .setPipelining(false)
                .setMaxPoolSize(MAX_CONNECTIONS)
                .setConnectTimeout((int) patience.connect().toMillis())
                .setMaxHeaderSize(MAX_HEADER_BYTES)
                .setDecompressionSupported(false)
                .setVerifyHost(true)
                .setTrustAll(false));
  }

  @Override
  public CompletionStage<EgressResult> post(URI url, Map<String, String> headers, byte[] body) {
    Attempt attempt = new Attempt(headers, body);
    long total = vertx.setTimer(patience.total().toMillis(), id -> attempt.timeOut());
    check
        .check(url)
        .onSuccess(attempt::connect)
        .onFailure(failure -> attempt.fail(AddressCheck.code(failure)));
    return attempt.result.future().onComplete(done -> vertx.cancelTimer(total)).toCompletionStage();
  }

  @Override
  public void close() {
    client.close();
    check.close();
  }

  /** One request; the first thing that decides it wins. */
  private final class Attempt {
    private final Map<String, String> headers;
    private final byte[] body;
    private final long startedNanos = System.nanoTime();
    private final Promise<EgressResult> result = Promise.promise();
    private volatile HttpClientRequest request;
    private volatile HttpClientResponse response;
    private int readBytes;

    Attempt(Map<String, String> headers, byte[] body) {
      this.headers = headers;
      this.body = body;
    }

    void connect(AddressCheck.Checked checked) {
      if (result.future().isComplete()) {
        return;
      }
      EgressTarget target = checked.target();
      RequestOptions options =
          new RequestOptions()
              .setMethod(HttpMethod.POST)
              .setServer(
                  SocketAddress.inetSocketAddress(
                      target.port(), checked.address().getHostAddress()))
              .setHost(target.hostName())
              .setPort(target.port())
              .setSsl(target.secure())
              .setURI(target.resource())
              .setConnectTimeout(patience.connect().toMillis())
              .setFollowRedirects(false);
      client
          .request(options)
          .onSuccess(opened -> send(opened, checked))
          .onFailure(failure -> fail(isTls(failure) ? "tls_failed" : "connect_failed"));
    }

    private void send(HttpClientRequest opened, AddressCheck.Checked checked) {
      request = opened;
      SocketAddress peer = opened.connection().remoteAddress();
      boolean pinned =
          peer != null && checked.address().getHostAddress().equals(peer.hostAddress());
      if (!pinned || result.future().isComplete()) {
        fail("address_refused");
        opened.connection().close();
        return;
      }
      headers.forEach(opened::putHeader);
      opened.putHeader(HttpHeaders.USER_AGENT, USER_AGENT);
      opened.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
      Future<HttpClientResponse> answered = opened.send(Buffer.buffer(body));
      answered
          .onSuccess(this::read)
          .onFailure(
              failure -> {
                fail("connection_lost");
                opened.connection().close();
              });
    }

    private void read(HttpClientResponse answer) {
      response = answer;
      answer.exceptionHandler(failure -> finish());
      answer.endHandler(end -> finish());
      answer.handler(
          chunk -> {
            readBytes += chunk.length();
            if (readBytes > MAX_ANSWER_BYTES) {
              finish();
              answer.request().connection().close();
            }
          });
    }

    private void finish() {
      result.tryComplete(
          EgressResult.answered(
              response.statusCode(),
              RetryAfter.parse(response.getHeader(HttpHeaders.RETRY_AFTER), clock.instant()),
              took()));
    }

    void timeOut() {
      if (response != null) {
        // it has answered; how long it talks on is not waited for
        finish();
      } else {
        fail("timed_out");
      }
      HttpClientRequest sent = request;
      if (sent != null) {
        sent.connection().close();
      }
    }

    void fail(String error) {
      result.tryComplete(EgressResult.failed(error, took()));
    }

    private Duration took() {
      return Duration.ofNanos(System.nanoTime() - startedNanos);
    }
  }

  private static boolean isTls(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof SSLException) {
        return true;
      }
    }
    return false;
  }
}
