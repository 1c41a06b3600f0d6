package dev.latentline.gateway.owner;

import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Topic;
import dev.latentline.kit.blob.BlobStore;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Removes from the store what nobody needs any more: tensors that were too large for a record,
 * which generations share, so that the end of one says nothing; step records that were written
 * while their generation ended; idempotency keys. One replica does it, the owner of the first
 * partition; two at once do no harm.
 */
@ApplicationScoped
class Sweep {
  /** For how long a client may send a request again with the same key. */
  static final Duration KEYS_KEPT = Duration.ofDays(7);

  private static final Logger LOG = Logger.getLogger(Sweep.class);
  private static final Duration EVERY = Duration.ofHours(1);
  private static final int FIRST_PARTITION = 0;
  private static final int PAGE = 1000;

  private final PartitionOwnership ownership;
  private final BlobStore store;
  private final Clock clock;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "sweep"));

  Sweep(PartitionOwnership ownership, BlobStore store, Clock clock) {
    this.ownership = ownership;
    this.store = store;
    this.clock = clock;
  }

  void start(@Observes @Priority(3200) StartupEvent event) {
    long every = EVERY.toMinutes();
    thread.scheduleWithFixedDelay(this::ifMine, every, every, TimeUnit.MINUTES);
  }

  private void ifMine() {
    if (!ownership.owns(FIRST_PARTITION)) {
      return;
    }
    try {
      run(clock.instant());
    } catch (RuntimeException e) {
      LOG.warnf("sweeping the store failed and is tried again in an hour: %s", e.toString());
    }
  }

  /** Removes what is left over at that time. */
  void run(Instant now) {
    Instant noWork = now.minus(Topic.WORK_RETENTION);
    int payloads = remove(ObjectKeys.PAYLOADS, noWork);
    int steps = remove(ObjectKeys.STEPS, noWork);
    int keys = remove(ObjectKeys.IDEMPOTENCY_KEYS, now.minus(KEYS_KEPT));
    LOG.infof("removed %d tensors, %d step records and %d idempotency keys", payloads, steps, keys);
  }

  private int remove(String prefix, Instant before) {
    int removed = 0;
    String last = "";
    List<String> page;
    do {
      page = store.listOlder(before, prefix, last, PAGE);
      for (String key : page) {
        last = key;
        // what generations share may have been put again since it was listed
        if (store.listOlder(before, key, "", 1).contains(key)) {
          store.delete(key);
          removed++;
        }
      }
    } while (page.size() == PAGE && !thread.isShutdown());
    return removed;
  }

  /** What is left is the next one's. */
  void stop(@Observes @Priority(2) ShutdownEvent event) {
    thread.shutdownNow();
  }
}
