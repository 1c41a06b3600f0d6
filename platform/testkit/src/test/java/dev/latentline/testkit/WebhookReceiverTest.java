package dev.latentline.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class WebhookReceiverTest {
  @Test
  void answersByTheScriptAndKeepsWhatCame() throws Exception {
    try (WebhookReceiver receiver = new WebhookReceiver()) {
      receiver
          .thenAnswer(500)
          .thenAnswer(
              WebhookReceiver.Answer.status(429)
                  .with("Retry-After", "3")
                  .after(Duration.ofMillis(200)));

      assertThat(post(receiver, "a").statusCode()).isEqualTo(500);
      long begun = System.nanoTime();
      assertThat(post(receiver, "b").headers().firstValue("retry-after")).contains("3");
      assertThat(System.nanoTime() - begun).isGreaterThan(190_000_000);
      assertThat(post(receiver, "c").statusCode()).isEqualTo(204);

      assertThat(receiver.received())
          .extracting(r -> new String(r.body()))
          .containsExactly("a", "b", "c");
      assertThat(receiver.received().get(0).headers()).containsEntry("webhook-id", "x");
    }
  }

  private static HttpResponse<String> post(WebhookReceiver receiver, String body) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(receiver.url()))
                .header("Webhook-Id", "x")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }
}
