package dev.latentline.kit.workqueue;

import java.time.Duration;

/**
 * The lock on a record. It is renewed while the stage's method runs. Once lost, the work must stop,
 * and what it publishes afterwards is a duplicate or unwanted: another worker has the record, it
 * made no progress within its allowance, its generation is cancelled, or its deadline is over.
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

  /**
   * Says that the work goes on and when to expect the next word of it.
   *
   * @param allowance after so long without a word the work hangs; in place of the queue's stall
   *     limit, until another one is given
   */
  void progress(Duration allowance);

  /**
   * Runs the action once when this replica begins to shut down, at once when it already does; from
   * any thread. Work that another replica can go on with stops at the next such point and throws a
   * {@link HandOverException}; any other work has the queue's grace to come to its end.
   */
  void onEnding(Runnable action);
}
