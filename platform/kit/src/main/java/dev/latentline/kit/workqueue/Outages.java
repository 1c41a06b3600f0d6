package dev.latentline.kit.workqueue;

import dev.latentline.contract.Failure;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Outages in the middle of a stage's work. One that the stage throws is waited out as well, but
 * then its whole method is called again.
 */
public final class Outages {
  private static final Logger LOG = Logger.getLogger(Outages.class);

  private Outages() {}

  /**
   * Does a part of the work at an item, anew after each outage, so that what was done before it
   * need not be. The queue renews the lease meanwhile, and loses it when nobody wants the item any
   * more. However short the work's own allowance was: a store that is away may be silent for longer
   * than a step.
   *
   * @return what the part returned
   * @throws Failure an outage when the lease is lost or this replica shuts down, and any other at
   *     once
   */
  public static <T> T waitOut(WorkItem item, Supplier<T> part) {
    CountDownLatch over = new CountDownLatch(1);
    item.lease().onLost(over::countDown);
    item.lease().onEnding(over::countDown);
    Duration pause = Backoff.FIRST;
    while (true) {
      item.lease().progress(QueueSettings.DEFAULT_STALL_LIMIT);
      try {
        return part.get();
      } catch (Failure failure) {
        if (!failure.isOutage()) {
          throw failure;
        }
        LOG.warnf(
            "generation=%s key=%s waits %d ms: %s: %s",
            item.generationId(),
            item.key(),
            pause.toMillis(),
            failure.code(),
            failure.getMessage());
        item.lease().progress();
        Backoff.pause(over, pause);
        if (over.getCount() == 0 || Thread.currentThread().isInterrupted()) {
          throw failure;
        }
        pause = Backoff.after(pause);
      }
    }
  }

  /** The same for a part that returns nothing. */
  public static void waitOut(WorkItem item, Runnable part) {
    waitOut(
        item,
        () -> {
          part.run();
          return null;
        });
  }
}
