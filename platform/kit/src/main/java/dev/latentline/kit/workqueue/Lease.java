package dev.latentline.kit.workqueue;

/**
 * The lock on a record. It is renewed while the stage's method runs. Once lost, the work must stop,
 * and what it publishes afterwards is a duplicate or unwanted: another worker has the record, it
 * made no progress within the queue's stall limit, its generation is cancelled, or its deadline is
 * over.
 *
 * <p>Thread-safe.
 */
public interface Lease {
  /** Whether the lock is gone. Once true it stays true. */
  boolean lost();

  /** Runs the action once when the lock is lost, at once when it already is; from any thread. */
  void onLost(Runnable action);

  /**
   * Says that the work goes on. A stage whose work may take longer than the queue's stall limit
   * calls it after each step.
   */
  void progress();
}
