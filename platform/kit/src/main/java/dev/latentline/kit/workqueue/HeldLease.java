package dev.latentline.kit.workqueue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The lease of the record that a slot is working at. */
final class HeldLease implements Lease {
  private final Signal loss = new Signal();
  private final Signal ending = new Signal();
  private volatile Heard heard;

  /** When something was heard of the work, and for how long nothing more need be. */
  private record Heard(long at, long allowance) {}

  /**
   * @param stallLimit for how long nothing need be heard of work that gives no allowance
   */
  HeldLease(Duration stallLimit) {
    heard = new Heard(System.nanoTime(), stallLimit.toNanos());
  }

  @Override
  public boolean lost() {
    return loss.given();
  }

  @Override
  public void onLost(Runnable action) {
    loss.then(action);
  }

  @Override
  public void progress() {
    heard = new Heard(System.nanoTime(), heard.allowance());
  }

  @Override
  public void progress(Duration allowance) {
    heard = new Heard(System.nanoTime(), allowance.toNanos());
  }

  @Override
  public void onEnding(Runnable action) {
    ending.then(action);
  }

  /** Whether nothing has been heard of the work for longer than it may be quiet. */
  boolean hangs() {
    Heard last = heard;
    return System.nanoTime() - last.at() >= last.allowance();
  }

  /** The work that asked to be told has ended. */
  void forget() {
    loss.forget();
    ending.forget();
  }

  void lose() {
    loss.give();
  }

  /** This replica shuts down. */
  void end() {
    ending.give();
  }

  /** Something that happens once at most. */
  private static final class Signal {
    private boolean given;
    private final List<Runnable> actions = new ArrayList<>();

    synchronized boolean given() {
      return given;
    }

    void then(Runnable action) {
      synchronized (this) {
        if (!given) {
          actions.add(action);
          return;
        }
      }
      action.run();
    }

    void give() {
      List<Runnable> due;
      synchronized (this) {
        if (given) {
          return;
        }
        given = true;
        due = List.copyOf(actions);
        actions.clear();
      }
      due.forEach(Runnable::run);
    }

    synchronized void forget() {
      actions.clear();
    }
  }
}
