package dev.latentline.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A session of live mode that notes when what came. */
final class LiveClient implements WebSocket.Listener, AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LONGEST_SECONDS = 60;

  /**
   * What became of a prompt.
   *
   * @param type of the answer; what is refused or failed ends the benchmark
   * @param id of its generation, where it has one
   * @param millis from the call that sends it to the last byte of its frame
   * @param atMs when that came, Unix milliseconds
   */
  record Answer(String type, String id, double millis, long atMs) {}

  private final ConcurrentMap<Long, CompletableFuture<Answer>> answers = new ConcurrentHashMap<>();
  private final Map<Long, Long> sentAt = new HashMap<>();
  private final StringBuilder text = new StringBuilder();
  private final WebSocket socket;
  private JsonNode frame;
  private long seq;

  LiveClient(URI gateway) {
    socket =
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .subprotocols("latentline.live.v1")
            .buildAsync(URI.create("ws://" + gateway.getAuthority() + "/v1/live"), this)
            .join();
  }

  static ObjectNode request() {
    return JSON.createObjectNode();
  }

  /** Sends a prompt; its number. */
  long send(ObjectNode request) {
    long number = ++seq;
    ObjectNode message = JSON.createObjectNode();
    message.put("seq", number).set("request", request);
    answers.put(number, new CompletableFuture<>());
    synchronized (this) {
      sentAt.put(number, System.nanoTime());
    }
    socket.sendText(message.toString(), true).join();
    return number;
  }

  Answer answer(long number) throws Exception {
    try {
      return answers.get(number).get(LONGEST_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new IllegalStateException("prompt " + number + " has no answer", e);
    }
  }

  @Override
  public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    text.append(data);
    if (last) {
      JsonNode answer = read(text.toString());
      text.setLength(0);
      if (answer.path("type").asText().equals("frame")) {
        frame = answer;
      } else {
        note(answer);
      }
    }
    from.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean last) {
    if (last) {
      note(frame);
    }
    from.request(1);
    return null;
  }

  private void note(JsonNode answer) {
    long number = answer.path("seq").asLong();
    double millis;
    synchronized (this) {
      millis = (System.nanoTime() - sentAt.get(number)) / 1e6;
    }
    String type = answer.path("type").asText();
    CompletableFuture<Answer> waiting = answers.get(number);
    if (type.equals("frame") || type.equals("dropped")) {
      waiting.complete(
          new Answer(
              type, answer.at("/generation/id").asText(), millis, System.currentTimeMillis()));
    } else {
      waiting.completeExceptionally(new IllegalStateException(answer.toString()));
    }
  }

  private static JsonNode read(String json) {
    try {
      return JSON.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    socket.abort();
  }
}
