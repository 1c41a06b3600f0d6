package dev.latentline.local.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.OptionalLong;
import java.util.concurrent.Flow;
import java.util.function.Consumer;

/**
 * Reads server-sent events line by line and passes on what each says of the generation's progress.
 * An event that cannot be understood only means that something has changed.
 */
public final class EventStream implements Flow.Subscriber<String> {
  /**
   * What an event said.
   *
   * @param progress 0 to 1, or -1 when the event names none
   * @param etaMs how long the generation will take, where the event says so
   * @param terminal whether the generation has ended
   */
  public record Change(double progress, OptionalLong etaMs, boolean terminal) {}

  private final ObjectMapper json = new ObjectMapper();
  private final Consumer<Change> changes;
  private final StringBuilder data = new StringBuilder();

  public EventStream(Consumer<Change> changes) {
    this.changes = changes;
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    subscription.request(Long.MAX_VALUE);
  }

  @Override
  public void onNext(String line) {
    if (line.startsWith("data:")) {
      data.append(line, "data:".length(), line.length()).append('\n');
    } else if (line.isEmpty() && !data.isEmpty()) {
      changes.accept(change(data.toString()));
      data.setLength(0);
    }
  }

  /** The caller polls as well: a broken stream costs it nothing but speed. */
  @Override
  public void onError(Throwable problem) {
    data.setLength(0);
  }

  @Override
  public void onComplete() {
    data.setLength(0);
  }

  private Change change(String text) {
    try {
      JsonNode event = json.readTree(text);
      JsonNode generation = event.path("generation");
      JsonNode source = generation.isObject() ? generation : event;
      return new Change(
          source.path("progress").isNumber() ? source.path("progress").asDouble() : -1,
          Generation.etaMs(source),
          Generation.isTerminal(source.path("status").asText("")));
    } catch (JsonProcessingException e) {
      return new Change(-1, OptionalLong.empty(), false);
    }
  }
}
