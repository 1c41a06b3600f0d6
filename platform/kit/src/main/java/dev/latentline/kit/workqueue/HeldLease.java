package dev.latentline.kit.workqueue;

import java.util.ArrayList;
import java.util.List;

/** The lease of the record that a slot is working at. */
final class HeldLease implements Lease {
  private boolean lost;
  private volatile long heardAt = System.nanoTime();
  private final List<Runnable> actions = new ArrayList<>();

  @Override
  public synchronized boolean lost() {
    return lost;
  }

  @Override
  public void onLost(Runnable action) {
    synchronized (this) {
      if (!lost) {
        actions.add(action);
        return;
      }
    }
    action.run();
  }

  @Override
  public void progress() {
    heardAt = System.nanoTime();
  }

  /** For how long nothing has been heard of the work. */
  long quietNanos() {
    return System.nanoTime() - heardAt;
  }

  /** The work that asked to be told has ended. */
  synchronized void forget() {
    actions.clear();
  }

  void lose() {
    List<Runnable> due;
    synchronized (this) {
      if (lost) {
        return;
      }
      lost = true;
      due = List.copyOf(actions);
      actions.clear();
    }
    due.forEach(Runnable::run);
  }
}
