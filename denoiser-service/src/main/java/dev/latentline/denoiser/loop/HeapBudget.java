package dev.latentline.denoiser.loop;

import dev.latentline.contract.Failure;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * How much of the heap the pictures take that this replica holds. Each reserves what it will take
 * before anything of it is read, and gives it back when it is not here any more. Who finds no room
 * waits, first come, first served; one that is larger than all of it is let in when there is no
 * other. Thread-safe.
 */
public final class HeapBudget {
  private static final long MEGABYTE = 1_000_000;

  /** Who waits looks so often whether anybody still wants it. */
  private static final long LOOK_MILLIS = 250;

  private final long bytes;
  private final long most;

  /** Who came first is first. */
  private final Deque<Object> waiting = new ArrayDeque<>();

  private long reserved;

  /**
   * @param bytes of all pictures together
   * @param most what one may take alone, at least as much
   */
  public HeapBudget(long bytes, long most) {
    if (bytes <= 0 || most < bytes) {
      throw new IllegalArgumentException(bytes + " B for all and " + most + " B for one");
    }
    this.bytes = bytes;
    this.most = most;
  }

  /**
   * Half of a heap for all pictures, three quarters for one. Beside them are the service itself,
   * the records that it holds, and what a step takes.
   *
   * @param maxBytes of the heap
   */
  public static HeapBudget ofHeap(long maxBytes) {
    return new HeapBudget(maxBytes / 2, maxBytes - maxBytes / 4);
  }

  /** What a picture has reserved, until it is closed. */
  public final class Reservation implements AutoCloseable {
    private long mine;

    private Reservation(long mine) {
      this.mine = mine;
    }

    /**
     * Gives back what it does not take any more.
     *
     * @param held bytes that it still takes, not more than before
     */
    public void reduceTo(long held) {
      synchronized (HeapBudget.this) {
        if (held < 0 || held > mine) {
          throw new IllegalArgumentException(held + " B of " + mine + " B");
        }
        reserved -= mine - held;
        mine = held;
        HeapBudget.this.notifyAll();
      }
    }

    /** Gives all back; once more changes nothing. */
    @Override
    public void close() {
      reduceTo(0);
    }
  }

  /**
   * Room for a picture; waits for it.
   *
   * @param wanted bytes
   * @param goOn asked again and again while the caller waits: whether it still wants it
   * @return empty when it does not want it any more
   * @throws Failure.Rejected with code {@code unsupported_request} when the heap is too small for
   *     the picture alone
   */
  public synchronized Optional<Reservation> reserve(long wanted, BooleanSupplier goOn) {
    if (wanted > most) {
      throw new Failure.Rejected(
          "unsupported_request",
          "The picture cannot be made: with its texts and the pictures that steer it, it takes "
              + wanted / MEGABYTE
              + " MB of a denoiser's memory, of which one picture may take "
              + most / MEGABYTE
              + " MB");
    }
    Object me = new Object();
    waiting.addLast(me);
    try {
      while (waiting.peekFirst() != me || !fits(wanted)) {
        if (!goOn.getAsBoolean()) {
          return Optional.empty();
        }
        wait(LOOK_MILLIS);
      }
      reserved += wanted;
      return Optional.of(new Reservation(wanted));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } finally {
      waiting.remove(me);
      // there may be room for the next one, too
      notifyAll();
    }
  }

  private boolean fits(long wanted) {
    return reserved == 0 || reserved + wanted <= bytes;
  }

  /** Whether somebody waits for room. */
  public synchronized boolean isAwaited() {
    return !waiting.isEmpty();
  }

  /** How many bytes are reserved. */
  public synchronized long reserved() {
    return reserved;
  }
}
