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
   * Takes down that an attempt begins, and returns how many were begun since the picture last got
   * further, with this one. The first, which would cost every picture an object, is taken for
   * begun.
   *
   * @param attempt from 1
   * @param lastProgress the attempt in which the picture last got further; 0 if in none
   * @throws Failure.Retryable when the store is away
   */
  public int fruitless(String tenant, ImageTask task, int attempt, int lastProgress) {
    if (lastProgress >= attempt) {
      return 0;
    }
    String mine = ObjectKeys.begunAttempt(tenant, task, attempt);
    long earlier =
        store
            .list(
                ObjectKeys.begunAttempts(tenant, task),
                ObjectKeys.begunAttempt(tenant, task, Math.max(1, lastProgress)),
                MOST)
            .stream()
            .filter(other -> other.compareTo(mine) < 0)
            .count();
    if (attempt > 1) {
      store.put(mine, new byte[0], "application/octet-stream");
    }
    boolean first = lastProgress == 0 && attempt > 1;
    return (int) earlier + (first ? 2 : 1);
  }
}
