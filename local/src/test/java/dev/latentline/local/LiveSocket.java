package dev.latentline.local;

import dev.latentline.testkit.Patience;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A session of live mode. */
final class LiveSocket implements WebSocket.Listener, AutoCloseable {
  private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
  private final ByteArrayOutputStream message = new ByteArrayOutputStream();
  private final WebSocket socket;

  LiveSocket(URI gateway) {
    socket =
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .subprotocols("latentline.live.v1")
            .buildAsync(URI.create("ws://" + gateway.getAuthority() + "/v1/live"), this)
            .join();
  }

  void send(String text) {
    socket.sendText(text, true).join();
  }

  /** The next message, text as UTF-8. */
  byte[] next() throws InterruptedException {
    byte[] next = received.poll(Patience.SOON.toSeconds(), TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nothing came");
    }
    return next;
  }

  @Override
  public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    return take(from, data.toString().getBytes(StandardCharsets.UTF_8), last);
  }

  @Override
  public CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean last) {
    byte[] part = new byte[data.remaining()];
    data.get(part);
    return take(from, part, last);
  }

  private CompletionStage<?> take(WebSocket from, byte[] part, boolean last) {
    message.writeBytes(part);
    if (last) {
      received.add(message.toByteArray());
      message.reset();
    }
    from.request(1);
    return null;
  }

  @Override
  public void close() {
    socket.abort();
  }
}
