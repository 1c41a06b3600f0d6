package dev.latentline.local.stack;

import dev.latentline.embedded.ChildProcess;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One process that is kept running: whenever it ends by itself it is started again, after 1 s, then
 * 2 s, up to 30 s; a minute of running makes it 1 s again.
 */
final class Supervised {
  private static final long FIRST_PAUSE_MILLIS = 1000;
  private static final long LONGEST_PAUSE_MILLIS = 30_000;
  private static final long STEADY_NANOS = TimeUnit.MINUTES.toNanos(1);

  private static final ScheduledExecutorService TIMER =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "restart");
            thread.setDaemon(true);
            return thread;
          });

  private final Role role;
  private final int port;
  private final Supplier<ChildProcess> starter;
  private final BooleanSupplier probe;
  private final Consumer<String> notes;
  private final Runnable restarted;

  private ChildProcess process;
  private long startedAt;
  private long pause = FIRST_PAUSE_MILLIS;
  private boolean watched;
  private boolean stopping;

  /**
   * @param notes told what happens, for people
   * @param restarted called after a new start
   */
  Supervised(
      Role role,
      int port,
      Supplier<ChildProcess> starter,
      BooleanSupplier probe,
      Consumer<String> notes,
      Runnable restarted) {
    this.role = role;
    this.port = port;
    this.starter = starter;
    this.probe = probe;
    this.notes = notes;
    this.restarted = restarted;
  }

  /** Starts it, without waiting. */
  synchronized void start() {
    if (!stopping) {
      process = starter.get();
      startedAt = System.nanoTime();
    }
  }

  /** Whether it answers as ready now. */
  boolean isReady() {
    return probe.getAsBoolean();
  }

  /** Its process; null before {@link #start()}, and when it was released before that. */
  synchronized ChildProcess process() {
    return process;
  }

  /** From now on it is started again when it ends. */
  synchronized void watch() {
    watched = true;
    onExit(process);
  }

  synchronized StackRecord.Part part() {
    return StackRecord.Part.of(role.id(), port, process.handle());
  }

  /** From now on it may end and is not started again. */
  synchronized void release() {
    stopping = true;
  }

  /**
   * Ends it for good; returns when it has ended.
   *
   * @return whether it ended by itself, within the grace
   */
  boolean stop(Duration grace) {
    release();
    ChildProcess running = process();
    return running != null && running.stop(grace);
  }

  private void onExit(ChildProcess of) {
    of.onExit().thenAccept(status -> ended(of, status));
  }

  private synchronized void ended(ChildProcess ended, int status) {
    if (stopping || !watched || ended != process) {
      return;
    }
    if (System.nanoTime() - startedAt > STEADY_NANOS) {
      pause = FIRST_PAUSE_MILLIS;
    }
    notes.accept(
        String.format(
            "%s ended with status %d and is started again in %d s; its log is %s",
            role.id(), status, pause / 1000, ended.log()));
    TIMER.schedule(this::startAgain, pause, TimeUnit.MILLISECONDS);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS);
  }

  private void startAgain() {
    synchronized (this) {
      if (stopping) {
        return;
      }
      try {
        start();
      } catch (RuntimeException e) {
        notes.accept(role.id() + " cannot be started: " + e.getMessage());
        TIMER.schedule(this::startAgain, pause, TimeUnit.MILLISECONDS);
        return;
      }
      onExit(process);
    }
    restarted.run();
  }
}
