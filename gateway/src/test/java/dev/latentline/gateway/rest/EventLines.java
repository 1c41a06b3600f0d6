package dev.latentline.gateway.rest;

import dev.latentline.testkit.Patience;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Reads the events of a generation as a client would: line by line, while it goes on. */
final class EventLines {
  private final HttpResponse<Stream<String>> response;
  private final Iterator<String> lines;

  /** One event; data is JSON. */
  record Event(String id, String name, JsonPath data) {}

  private EventLines(HttpResponse<Stream<String>> response) {
    this.response = response;
    this.lines = response.body().iterator();
  }

  static EventLines open(String generation, Map<String, String> headers) throws Exception {
    return open(generation, "", headers);
  }

  /**
   * @param query with its question mark
   */
  static EventLines open(String generation, String query, Map<String, String> headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create(
                    "http://localhost:"
                        + RestAssured.port
                        + "/v1/generations/"
                        + generation
                        + "/events"
                        + query))
            .timeout(Patience.SOON)
            .header("Accept", "text/event-stream");
    headers.forEach(request::header);
    return new EventLines(
        HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofLines()));
  }

  int status() {
    return response.statusCode();
  }

  /** The next event; blocks. */
  Event next() {
    Map<String, String> fields = new TreeMap<>();
    while (lines.hasNext()) {
      String line = lines.next();
      if (line.isEmpty()) {
        if (fields.containsKey("data")) {
          return new Event(
              fields.get("id"), fields.get("event"), JsonPath.from(fields.get("data")));
        }
        fields.clear();
      } else if (line.indexOf(':') > 0) {
        int colon = line.indexOf(':');
        fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    throw new IllegalStateException("the stream has ended");
  }

  /** All lines until the stream ends by itself. */
  List<String> lines() {
    List<String> all = new ArrayList<>();
    lines.forEachRemaining(all::add);
    return all;
  }

  /** All events until the stream ends by itself. */
  List<Event> rest() {
    List<Event> events = new ArrayList<>();
    try {
      while (true) {
        events.add(next());
      }
    } catch (IllegalStateException ended) {
      return events;
    }
  }
}
