package dev.latentline.kit.workqueue;

import dev.latentline.contract.Stage;
import java.time.Duration;

/**
 * What a slot must know of its queue.
 *
 * @param group the share group, made by the gateway with its settings
 * @param lock the group's share.record.lock.duration.ms: the lease is renewed every third of it,
 *     and a frozen worker loses its record after it
 * @param maxAttempts so many attempts in a row that fail or are left unfinished, and get no further
 *     ({@link Attempts}), make a dead letter
 * @param shutdownGrace how long a record that is being worked at may still finish on shutdown
 *     before it is handed on
 * @param stallLimit work of which nothing is heard for so long ({@link Lease#progress}) hangs: its
 *     lease is not renewed any more
 */
public record QueueSettings(
    Stage stage,
    String topic,
    String group,
    Duration lock,
    int maxAttempts,
    Duration shutdownGrace,
    Duration stallLimit) {
  public static final Duration DEFAULT_LOCK = Duration.ofSeconds(15);
  public static final int DEFAULT_MAX_ATTEMPTS = 3;
  public static final Duration DEFAULT_STALL_LIMIT = Duration.ofMinutes(5);
  public static final Duration DEFAULT_SHUTDOWN_GRACE = Duration.ofSeconds(3);

  /**
   * The group's share.delivery.count.limit: only a backstop. A worker publishes a record anew, its
   * attempts in a header, before the broker would drop it.
   */
  public static final int DELIVERY_COUNT_LIMIT = 10;
}
