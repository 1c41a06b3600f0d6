package dev.latentline.denoiser.resume;

import dev.latentline.contract.Failure;
import dev.latentline.contract.ImageTask;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Writes step records behind the step loop, which never waits for the store: of each picture only
 * the newest snapshot is kept until it is written. While the store is away the pictures go on
 * without. Thread-safe.
 */
public final class StepWriter implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(StepWriter.class);

  private final StepRecords records;
  private final Map<ImageTask, StepSnapshot> newest = new LinkedHashMap<>();
  private final Thread thread;
  private Optional<ImageTask> writing = Optional.empty();
  private boolean open = true;
  private volatile boolean away;

  public StepWriter(StepRecords records) {
    this.records = records;
    thread = new Thread(this::writeAll, "step-records");
    thread.setDaemon(true);
    thread.start();
  }

  /** Takes a snapshot in place of an older one of the same picture; does not block. */
  public synchronized void offer(StepSnapshot snapshot) {
    newest.put(snapshot.task(), snapshot);
    notifyAll();
  }

  /**
   * Drops what is not yet written of a picture, and waits for what is being written.
   *
   * @param atMost how long to wait for a store that is slow
   */
  public synchronized void settle(ImageTask task, Duration atMost) {
    newest.remove(task);
    long until = System.nanoTime() + atMost.toNanos();
    while (writing.filter(task::equals).isPresent()) {
      long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
      if (left <= 0) {
        return;
      }
      try {
        wait(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** Whether what was last to be written could not be. */
  public boolean isAway() {
    return away;
  }

  /**
   * Writes a snapshot in place of all older ones of the same picture, and waits for it.
   *
   * @return false when it could not be written
   */
  public boolean write(StepSnapshot snapshot, Duration atMost) {
    settle(snapshot.task(), atMost);
    try {
      records.write(snapshot);
      wrote();
      return true;
    } catch (Failure.Retryable e) {
      failed(e);
      return false;
    }
  }

  private void writeAll() {
    records.warmUp();
    while (true) {
      StepSnapshot next;
      synchronized (this) {
        while (open && newest.isEmpty()) {
          try {
            wait();
          } catch (InterruptedException e) {
            return;
          }
        }
        if (!open) {
          return;
        }
        Iterator<StepSnapshot> oldestFirst = newest.values().iterator();
        next = oldestFirst.next();
        oldestFirst.remove();
        writing = Optional.of(next.task());
      }
      try {
        records.write(next);
        wrote();
      } catch (Failure e) {
        failed(e);
      } catch (RuntimeException e) {
        LOG.errorf("a step record could not be written: %s", e.getClass().getName());
      } finally {
        synchronized (this) {
          writing = Optional.empty();
          notifyAll();
        }
      }
    }
  }

  private synchronized void wrote() {
    if (away) {
      away = false;
      LOG.info("step records are written again");
    }
  }

  private synchronized void failed(Failure reason) {
    if (!away) {
      away = true;
      LOG.warnf(
          "step records are not written, pictures that are interrupted now start anew: %s: %s",
          reason.code(), reason.getMessage());
    }
  }

  @Override
  public synchronized void close() {
    open = false;
    notifyAll();
  }
}
