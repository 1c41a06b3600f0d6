package dev.latentline.gateway.webhook;

import dev.latentline.proto.v1.WebhookDelivery;

/** Where a webhook is handed over for delivery. */
public interface WebhookOutbox {
  /**
   * Puts a delivery on webhook.delivery and returns when the broker has it. Handing the same one
   * over twice may deliver it twice, under the same id.
   *
   * @throws dev.latentline.contract.Failure.Retryable when the broker is away
   */
  void handOver(WebhookDelivery delivery);
}
