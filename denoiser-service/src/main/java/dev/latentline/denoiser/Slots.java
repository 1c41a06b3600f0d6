package dev.latentline.denoiser;

import dev.latentline.denoiser.network.BatchSizes;

/** How many pictures a replica holds. */
final class Slots {
  /** Of a picture with guidance. */
  private static final int ROWS = 2;

  private Slots() {}

  /**
   * Shares a replica's slots out; rounded up.
   *
   * @param slots of the replica, latentline.slots
   * @throws IllegalArgumentException when there are none, or so few that the largest batch of a
   *     device would never be full: it would be paid for and not used
   */
  static int ofEachDevice(int slots, int devices, BatchSizes sizes) {
    if (slots < 1) {
      throw new IllegalArgumentException("latentline.slots must be at least 1, not " + slots);
    }
    int ofEach = (slots + devices - 1) / devices;
    int needed = (sizes.largest() + ROWS - 1) / ROWS;
    if (ofEach < needed) {
      throw new IllegalArgumentException(
          String.format(
              "latentline.slots is %d: with %d pictures of %d rows on each device the largest of"
                  + " latentline.inference.batch-sizes, %d rows, is never full."
                  + " Set latentline.slots to %d, better %d, or smaller batch sizes",
              slots, ofEach, ROWS, sizes.largest(), needed * devices, 2 * needed * devices));
    }
    return ofEach;
  }
}
