package dev.latentline.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.local.client.GatewayClient;
import dev.latentline.local.client.GatewayException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Iterator;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * One picture as a client sees it that listens to the events of its generation.
 *
 * @param firstPreview seconds from before the POST until the first preview was read; none: NaN
 * @param end the same until the generation had ended
 */
record Watch(double firstPreview, double end) {
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  static Watch of(GatewayClient gateway, URI address, ObjectNode body, boolean previews)
      throws IOException, InterruptedException, GatewayException {
    long began = System.nanoTime();
    String id = gateway.submit(body, UUID.randomUUID().toString()).id();
    URI events = address.resolve("/v1/generations/" + id + "/events?previews=" + previews);
    double preview = Double.NaN;
    try (Stream<String> lines =
        HTTP.send(HttpRequest.newBuilder(events).build(), HttpResponse.BodyHandlers.ofLines())
            .body()) {
      for (Iterator<String> line = lines.iterator(); line.hasNext(); ) {
        if (line.next().equals("event:preview") && Double.isNaN(preview)) {
          preview = (System.nanoTime() - began) / 1e9;
        }
      }
    }
    double end = (System.nanoTime() - began) / 1e9;
    if (!gateway.generation(id).hasSucceeded()) {
      throw new IllegalStateException(id + " " + gateway.generation(id).status());
    }
    return new Watch(preview, end);
  }
}
