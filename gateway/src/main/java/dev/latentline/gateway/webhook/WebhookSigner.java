package dev.latentline.gateway.webhook;

import dev.latentline.gateway.secret.Hkdf;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** The symmetric signature of Standard Webhooks 1.0.0. */
final class WebhookSigner {
  private WebhookSigner() {}

  /**
   * The value of the header webhook-signature.
   *
   * @param timestamp Unix seconds of this attempt, as the header webhook-timestamp says
   * @param body the exact bytes that are sent
   */
  static String sign(byte[] key, String webhookId, long timestamp, byte[] body) {
    byte[] head = (webhookId + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8);
    byte[] signed = new byte[head.length + body.length];
    System.arraycopy(head, 0, signed, 0, head.length);
    System.arraycopy(body, 0, signed, head.length, body.length);
    return "v1," + Base64.getEncoder().encodeToString(Hkdf.hmac(key, signed));
  }
}
