package dev.latentline.gateway.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.standardwebhooks.Webhook;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

/** Against the reference library of Standard Webhooks. */
class WebhookSignerPropertyTest {
  @Property
  void everySignatureIsTheReferencesAndIsVerifiedByIt(
      @ForAll @Size(min = 1, max = 64) byte[] key, @ForAll String body) throws Exception {
    String text = new String(body.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    Webhook reference = new Webhook(Base64.getEncoder().encodeToString(key));
    Instant now = Instant.now();

    String signature =
        WebhookSigner.sign(
            key, "evt_1", now.getEpochSecond(), text.getBytes(StandardCharsets.UTF_8));

    assertThat(signature).isEqualTo(reference.sign("evt_1", now.getEpochSecond(), text));
    reference.verify(
        text,
        HttpHeaders.of(
            Map.of(
                "webhook-id", List.of("evt_1"),
                "webhook-timestamp", List.of(Long.toString(now.getEpochSecond())),
                "webhook-signature", List.of(signature)),
            (name, value) -> true));
  }
}
