package dev.latentline.local;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** Answers as the gateway's REST API does, for tests of the command line without a stack. */
final class FakeGateway implements AutoCloseable {
  static final String ID = "gen_0199d0c00f0a7000800000000000abcd";
  static final byte[] PICTURE = "\u0089PNG pretended".getBytes(StandardCharsets.ISO_8859_1);

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger looks = new AtomicInteger();
  final List<String> bodies = new CopyOnWriteArrayList<>();

  /** Bodies of pictures that were sent, with the type of each before it. */
  final List<String> uploads = new CopyOnWriteArrayList<>();

  final List<String> keys = new CopyOnWriteArrayList<>();
  final List<String> cancelled = new CopyOnWriteArrayList<>();

  /** The path of every request, and what its Authorization was. */
  final List<String> authorized = new CopyOnWriteArrayList<>();

  /** Asked for, unless null. */
  volatile String apiKey;

  volatile String readiness =
      "{\"status\":\"UP\",\"checks\":[{\"name\":\"line\",\"status\":\"UP\"}]}";

  /** Fails that many submissions with 503 first. */
  volatile int unavailable;

  volatile boolean refuse;

  /** Takes no picture for one. */
  volatile boolean refusePictures;

  volatile boolean withEvents = true;
  volatile String end =
      """
      {"id":"%s","status":"succeeded","progress":1.0,"images":[
        {"index":0,"seed":7,"url":"/v1/generations/%s/images/0"}]}
      """
          .formatted(ID, ID);

  /** What the manifest says of the only picture; not there at the first look. */
  volatile String manifest = manifest("aa", "avx2");

  private final AtomicInteger manifestLooks = new AtomicInteger();

  static String manifest(String pixels, String device) {
    return """
        {"schema":1,"id":"%s","status":"succeeded","model":{"name":"starter","digest":"sha256:12"},
         "request":{"prompt":"a red apple","seed":7,"steps":12,"output_format":"png",
          "metadata":{"order":"1"}},
         "images":[{"index":0,"seed":7,"status":"stored","pixels_sha256":"%s",
          "runtime_class":{"provider":"cpu","device":"%s"}}]}
        """
        .formatted(ID, pixels, device);
  }

  FakeGateway() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      String authorization = exchange.getRequestHeaders().getFirst("Authorization");
      authorized.add(path + " " + authorization);
      if (path.equals("/q/health/ready")) {
        json(exchange, 200, readiness);
      } else if (apiKey != null && !("Bearer " + apiKey).equals(authorization)) {
        json(exchange, 401, "{\"title\":\"Unauthorized\",\"code\":\"unauthorized\"}");
      } else if (path.equals("/v1/models")) {
        json(
            exchange,
            200,
            """
            {"object":"list","data":[{"id":"starter","object":"model","family":"latentline-starter",
             "defaults":{"width":128,"height":128,"steps":25},"licence":"Apache-2.0"}]}
            """);
      } else if (path.equals("/v1/generations")) {
        submit(exchange);
      } else if (path.equals("/v1/inputs")) {
        upload(exchange);
      } else if (path.endsWith("/cancel")) {
        cancelled.add(path);
        json(exchange, 202, "{}");
      } else if (path.endsWith("/events")) {
        events(exchange);
      } else if (path.endsWith("/manifest")) {
        boolean there = manifestLooks.incrementAndGet() > 1;
        json(exchange, there ? 200 : 404, there ? manifest : "{\"code\":\"not_found\"}");
      } else if (path.endsWith("/images/0")) {
        exchange.sendResponseHeaders(200, PICTURE.length);
        exchange.getResponseBody().write(PICTURE);
      } else {
        json(exchange, 200, looks.incrementAndGet() < 3 ? running() : end);
      }
    }
  }

  private void submit(HttpExchange exchange) throws IOException {
    bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
    keys.add(exchange.getRequestHeaders().getFirst("Idempotency-Key"));
    if (unavailable-- > 0) {
      json(exchange, 503, "{\"title\":\"not now\",\"code\":\"unavailable\"}");
    } else if (refuse) {
      json(
          exchange,
          400,
          """
          {"type":"about:blank","title":"Bad request","status":400,"code":"invalid_request",
           "errors":[{"field":"model","code":"unknown_model","message":"There is no such model"}]}
          """);
    } else {
      json(exchange, 202, "{\"id\":\"" + ID + "\",\"status\":\"queued\"}");
    }
  }

  private void upload(HttpExchange exchange) throws IOException {
    uploads.add(
        exchange.getRequestHeaders().getFirst("Content-Type")
            + "\n"
            + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
    if (unavailable-- > 0) {
      json(exchange, 503, "{\"title\":\"not now\",\"code\":\"too_many_uploads\"}");
    } else if (refusePictures) {
      json(
          exchange,
          400,
          """
          {"code":"invalid_request",
           "errors":[{"field":"picture","code":"unsupported_picture","message":"Is none"}]}
          """);
    } else {
      json(exchange, 201, "{\"id\":\"input_" + uploads.size() + "\"}");
    }
  }

  private void events(HttpExchange exchange) throws IOException {
    if (!withEvents) {
      json(exchange, 500, "{}");
      return;
    }
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    exchange
        .getResponseBody()
        .write(
            """
            id: 1
            event: progress
            data: {"progress":0.5}

            : still there

            event: status
            data: not json

            """
                .getBytes(StandardCharsets.UTF_8));
  }

  private static String running() {
    return "{\"id\":\"" + ID + "\",\"status\":\"running\",\"progress\":0.25}";
  }

  private static void json(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
