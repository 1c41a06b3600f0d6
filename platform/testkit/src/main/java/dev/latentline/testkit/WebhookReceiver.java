package dev.latentline.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An HTTP server on the loopback that keeps what it is sent and answers by a script. */
public final class WebhookReceiver implements AutoCloseable {
  /**
   * One request as it came.
   *
   * @param headers by lower-case name
   * @param body the bytes that a signature is over
   */
  public record Received(
      String method, String path, Map<String, String> headers, byte[] body, Instant at) {}

  /**
   * One answer.
   *
   * @param headers added, as {@code Retry-After} or {@code Location}
   * @param delay before it is given
   */
  public record Answer(int status, Map<String, String> headers, Duration delay) {
    public static Answer status(int status) {
      return new Answer(status, Map.of(), Duration.ZERO);
    }

    public Answer after(Duration wait) {
      return new Answer(status, headers, wait);
    }

    public Answer with(String header, String value) {
      Map<String, String> all = new TreeMap<>(headers);
      all.put(header, value);
      return new Answer(status, all, delay);
    }
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final BlockingQueue<Answer> script = new LinkedBlockingQueue<>();
  private final List<Received> received = new CopyOnWriteArrayList<>();

  /** Answers 204 until {@link #thenAnswer} says otherwise. */
  public WebhookReceiver() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** The next requests get these answers, one each; the ones after that get 204. */
  public WebhookReceiver thenAnswer(Answer... answers) {
    script.addAll(List.of(answers));
    return this;
  }

  /** The next requests get these statuses, one each; the ones after that get 204. */
  public WebhookReceiver thenAnswer(int... statuses) {
    for (int status : statuses) {
      script.add(Answer.status(status));
    }
    return this;
  }

  public String url() {
    return "http://127.0.0.1:" + port() + "/hook";
  }

  public int port() {
    return server.getAddress().getPort();
  }

  /** Everything so far, in order of arrival. */
  public List<Received> received() {
    return List.copyOf(received);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      Map<String, String> headers = new TreeMap<>();
      exchange
          .getRequestHeaders()
          .forEach(
              (name, values) ->
                  headers.put(name.toLowerCase(java.util.Locale.ROOT), String.join(", ", values)));
      Answer answer = script.poll();
      if (answer == null) {
        answer = Answer.status(204);
      }
      received.add(
          new Received(
              exchange.getRequestMethod(),
              exchange.getRequestURI().toString(),
              Map.copyOf(headers),
              body,
              Instant.now()));
      if (closed.await(answer.delay().toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
      answer.headers().forEach(exchange.getResponseHeaders()::set);
      exchange.sendResponseHeaders(answer.status(), -1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
