package dev.latentline.gateway.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Against the reference library of Standard Webhooks. */
class WebhookSignerTest {
  /** From the specification's own example of a signature, whose timestamp is long past. */
  private static final String SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

  @Test
  void theExampleOfTheSpecificationHasItsSignature() {
    String signature =
        WebhookSigner.sign(
            Base64.getDecoder().decode(SECRET),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            utf8("{\"test\": 2432232314}"));

    assertThat(signature).isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  }

  @Test
  void anotherIdTimeBodyOrKeyIsAnotherSignature() {
    byte[] key = Base64.getDecoder().decode(SECRET);
    String signature = WebhookSigner.sign(key, "evt_1", 10, utf8("{}"));

    assertThat(WebhookSigner.sign(key, "evt_2", 10, utf8("{}"))).isNotEqualTo(signature);
    assertThat(WebhookSigner.sign(key, "evt_1", 11, utf8("{}"))).isNotEqualTo(signature);
    assertThat(WebhookSigner.sign(key, "evt_1", 10, utf8("{ }"))).isNotEqualTo(signature);
    assertThat(WebhookSigner.sign(new byte[24], "evt_1", 10, utf8("{}"))).isNotEqualTo(signature);
  }

  @Test
  void theReferenceRefusesABodyThatWasChangedOnItsWay() {
    Webhook reference = new Webhook(SECRET);
    long now = Instant.now().getEpochSecond();
    String signature =
        WebhookSigner.sign(Base64.getDecoder().decode(SECRET), "evt_1", now, utf8("{\"a\":1}"));

    assertThatThrownBy(() -> reference.verify("{\"a\":2}", headers("evt_1", now, signature)))
        .isInstanceOf(WebhookVerificationException.class);
  }

  private static HttpHeaders headers(String id, long timestamp, String signature) {
    return HttpHeaders.of(
        Map.of(
            "webhook-id", List.of(id),
            "webhook-timestamp", List.of(Long.toString(timestamp)),
            "webhook-signature", List.of(signature)),
        (name, value) -> true);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
