package dev.latentline.denoiser.resume;

import dev.latentline.contract.Failure;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.kit.blob.BlobStore;

/**
 * Which attempts at a picture were begun. The broker counts deliveries, and some of them reach
 * nobody: it answers a fetch that it keeps for a worker just killed. A picture is not to be given
 * up for those. Thread-safe.
 */
public final class BegunAttempts {
  /** More than are ever of interest. */
  private static final int MOST = 100;

  private final BlobStore store;

  public BegunAttempts(BlobStore store) {
    this.store = store;
  }

  /**
   * Takes down that an attempt begins. Of the first, which would cost every picture an object, it
   * is assumed.
   *
   * @param attempt from 1
   * @throws Failure.Retryable when the store is away
   */
  public void begin(String tenant, ImageTask task, int attempt) {
    if (attempt > 1) {
      store.put(
          ObjectKeys.begunAttempt(tenant, task, attempt), new byte[0], "application/octet-stream");
    }
  }

  /**
   * How many attempts were begun since the picture last got further, with this one.
   *
   * @param attempt from 1
   * @param lastProgress the attempt in which the picture last got further; 0 if in none
   * @throws Failure.Retryable when the store is away
   */
  public int fruitless(String tenant, ImageTask task, int attempt, int lastProgress) {
    if (lastProgress >= attempt) {
      return 0;
    }
    boolean first = lastProgress == 0 && attempt > 1;
    return earlier(tenant, task, attempt, Math.max(1, lastProgress)) + (first ? 2 : 1);
  }

  /** How many were begun after one attempt and before another. */
  private int earlier(String tenant, ImageTask task, int before, int after) {
    String end = ObjectKeys.begunAttempt(tenant, task, before);
    return (int)
        store
            .list(
                ObjectKeys.begunAttempts(tenant, task),
                ObjectKeys.begunAttempt(tenant, task, after),
                MOST)
            .stream()
            .filter(key -> key.compareTo(end) < 0)
            .count();
  }
}
