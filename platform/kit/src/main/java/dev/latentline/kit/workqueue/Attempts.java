package dev.latentline.kit.workqueue;

import dev.latentline.contract.Failure;

/**
 * How many attempts at a record count against it. Optional: a bean with {@code @Identifier} of the
 * incoming channel's name, for work that goes on where it stopped; without one every delivery
 * counts ({@link WorkItem#attempt}), also one to a worker that was killed before it began.
 *
 * <p>Asked before every attempt but the first, and after one that failed; never by the thread that
 * renews the lease, so it may take its time.
 */
@FunctionalInterface
public interface Attempts {
  /**
   * How many attempts, with this one, were begun since the work last got further for good; 0 when
   * it did so in this one.
   *
   * @throws Failure an outage ({@link Failure#isOutage}) is waited out; any other exception is
   *     taken for "as many as were known, and this one"
   */
  int fruitless(WorkItem item);
}
