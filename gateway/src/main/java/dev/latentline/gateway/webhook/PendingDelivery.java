package dev.latentline.gateway.webhook;

import dev.latentline.proto.v1.WebhookDelivery;

/**
 * A delivery that is not finished: when it is due, and where in the log it stands. Not thread-safe.
 */
final class PendingDelivery {
  /** What this gateway wrote of it has not come back yet. */
  private static final long ON_ITS_WAY = -1;

  final int partition;
  final String host;
  final String tenant;
  private int attempts;
  private long dueMs;

  /** Of the record with the most attempts, and of the newest, which may be one that came late. */
  private long offset;

  private long newestOffset;

  /**
   * @throws IllegalArgumentException when its URL is none
   */
  PendingDelivery(int partition, WebhookDelivery delivery, long offset) {
    this.partition = partition;
    this.host = DeliveryLog.host(delivery.getUrl());
    this.tenant = delivery.getTenant();
    this.newestOffset = offset;
    advance(delivery, offset);
  }

  private void advance(WebhookDelivery delivery, long at) {
    attempts = delivery.getAttemptsCount();
    dueMs = delivery.getNextDueMs();
    offset = at;
  }

  /** The log says so; what is known here may be newer already. */
  void read(WebhookDelivery delivery, long at) {
    newestOffset = at;
    if (attempts < delivery.getAttemptsCount()) {
      advance(delivery, at);
    } else if (attempts == delivery.getAttemptsCount()) {
      offset = at;
    }
  }

  /**
   * An attempt is written; that may have come back already, or another gateway may have called
   * meanwhile.
   */
  void wrote(WebhookDelivery after) {
    if (attempts < after.getAttemptsCount()) {
      advance(after, ON_ITS_WAY);
    } else if (attempts == after.getAttemptsCount()) {
      dueMs = after.getNextDueMs();
    }
  }

  /** There is nothing at an offset any more: only the newest record is sure to be kept. */
  void replaced(long at) {
    if (offset == at) {
      offset = newestOffset;
      attempts = 0;
    }
  }

  void notBefore(long ms) {
    dueMs = Math.max(dueMs, ms);
  }

  boolean isDue(long nowMs) {
    return offset != ON_ITS_WAY && dueMs <= nowMs;
  }

  long offset() {
    return offset;
  }
}
