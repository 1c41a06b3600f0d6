package dev.latentline.gateway.live;

import dev.latentline.testkit.Patience;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A WebSocket to the gateway under test. */
final class LiveClient implements WebSocket.Listener, AutoCloseable {
  static final String PROTOCOL = "latentline.live.v1";

  private final BlockingQueue<Object> received = new LinkedBlockingQueue<>();
  private final CompletableFuture<Integer> closed = new CompletableFuture<>();
  private final StringBuilder text = new StringBuilder();
  private final ByteArrayOutputStream binary = new ByteArrayOutputStream();
  private WebSocket socket;

  /** A session without a key. */
  static LiveClient open() {
    return open(Map.of(), PROTOCOL);
  }

  /**
   * @throws CompletionException with a WebSocketHandshakeException where it is refused
   */
  static LiveClient open(Map<String, String> headers, String... protocols) {
    LiveClient client = new LiveClient();
    WebSocket.Builder builder = HttpClient.newHttpClient().newWebSocketBuilder();
    headers.forEach(builder::header);
    if (protocols.length > 0) {
      builder.subprotocols(protocols[0], Arrays.copyOfRange(protocols, 1, protocols.length));
    }
    client.socket =
        builder
            .buildAsync(URI.create("ws://127.0.0.1:" + RestAssured.port + "/v1/live"), client)
            .join();
    return client;
  }

  /** The status that a handshake is answered with; 101 where it succeeds. */
  static int status(Map<String, String> headers, String... protocols) {
    try {
      open(headers, protocols).close();
      return 101;
    } catch (CompletionException e) {
      if (e.getCause() instanceof WebSocketHandshakeException refused) {
        return refused.getResponse().statusCode();
      }
      throw e;
    }
  }

  String subprotocol() {
    return socket.getSubprotocol();
  }

  void send(long seq, String fields) {
    send("{\"seq\":%d,\"request\":{\"model\":\"starter\",\"steps\":4,%s}}".formatted(seq, fields));
  }

  void prompt(long seq, String prompt) {
    send(seq, "\"prompt\":\"" + prompt + "\"");
  }

  void send(String message) {
    socket.sendText(message, true).join();
  }

  void sendBinary(byte[] message) {
    socket.sendBinary(ByteBuffer.wrap(message), true).join();
  }

  JsonPath answer() throws InterruptedException {
    return (JsonPath) next();
  }

  byte[] picture() throws InterruptedException {
    return (byte[]) next();
  }

  private Object next() throws InterruptedException {
    Object next = received.poll(Patience.SOON.toSeconds(), TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nothing came");
    }
    return next;
  }

  /** The code that it is closed with, once it is. */
  int closeCode() throws Exception {
    return closed.get(Patience.SOON.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    text.append(data);
    if (last) {
      received.add(new JsonPath(text.toString()));
      text.setLength(0);
    }
    from.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean last) {
    byte[] part = new byte[data.remaining()];
    data.get(part);
    binary.writeBytes(part);
    if (last) {
      received.add(binary.toByteArray());
      binary.reset();
    }
    from.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    closed.complete(code);
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable broken) {
    closed.complete(-1);
  }

  @Override
  public void close() {
    // it may be closed already
    socket.sendClose(WebSocket.NORMAL_CLOSURE, "").exceptionally(gone -> socket).join();
  }
}
