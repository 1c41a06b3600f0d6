package dev.latentline.kit.workqueue;

import dev.latentline.contract.Failure;

/**
 * How far earlier attempts at a record came. Optional: a bean with {@code @Identifier} of the
 * incoming channel's name, for work that goes on where it stopped; without one every attempt begins
 * at nothing.
 *
 * <p>Only attempts since the last one that got further count against a record. Asked before every
 * attempt but the first, and after one that failed; never by the thread that renews the lease, so
 * it may take its time.
 */
@FunctionalInterface
public interface Attempts {
  /**
   * The attempt ({@link WorkItem#attempt}) in which the work last got further for good; 0 if never.
   *
   * @throws Failure an outage ({@link Failure#isOutage}) is waited out; any other exception is
   *     taken for "not since it was last known"
   */
  int lastProgress(WorkItem item);
}
