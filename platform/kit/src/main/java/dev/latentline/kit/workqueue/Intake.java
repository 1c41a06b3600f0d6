package dev.latentline.kit.workqueue;

/**
 * Whether a replica that is at work takes one more record to work at beside the others. Optional: a
 * bean with {@code @Identifier} of the incoming channel's name; without one a replica takes
 * whatever comes, up to its slots. A replica that is at nothing always takes one.
 *
 * <p>Asked before a slot waits for a record, when a record was taken or is done, and every 20 ms
 * meanwhile, by one thread at a time. A slot that waits goes on until it has a record, whatever is
 * wanted by then: the client cannot take an open fetch back. So at most one waits at a time.
 */
@FunctionalInterface
public interface Intake {
  /**
   * Must answer at once and not throw.
   *
   * @param held how many records are being worked at: at least one, fewer than the slots
   */
  boolean wants(int held);
}
