package dev.latentline.inference.tensor;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Pages of files that were mapped and that nobody can reach any more. They are given back after the
 * garbage collector has found the buffers that they were reached through; and as it is not the heap
 * that they fill, nothing makes it look for them.
 */
public final class UnreachablePages {
  /** Doubled from 1 ms, half a second in all: as java.nio.Bits waits for direct memory. */
  private static final int PAUSES = 9;

  private UnreachablePages() {}

  /**
   * Has them given back, for whom something that they take lacks.
   *
   * @param enough whether it lacks no more; asked again and again, as they go one by one
   * @return what it answered last
   */
  public static boolean giveBackUntil(BooleanSupplier enough) {
    System.gc();
    try {
      for (int pause = 0; pause < PAUSES; pause++) {
        if (enough.getAsBoolean()) {
          return true;
        }
        // a thread of Java's own does it, and tells nobody
        new CountDownLatch(1).await(1L << pause, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return enough.getAsBoolean();
  }
}
