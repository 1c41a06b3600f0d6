package dev.latentline.denoiser.loop;

import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.network.NoisePredictor;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.inference.session.OutOfDeviceMemoryException;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * Makes the steps of all tasks that this replica holds, on one thread: one device computes one step
 * at a time. Tasks join and leave between two steps; whose step is next the {@link TurnScheduler}
 * says. Thread-safe.
 */
public final class StepLoop implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(StepLoop.class);

  private final TurnScheduler scheduler;
  private final int slots;
  private final GiveAway giveAway;
  private final StepTimes times;
  private final Set<Held> held = new LinkedHashSet<>();
  private final Thread thread;

  /** One, since a task that comes again gives its stop again. */
  private final Runnable abort = this::abortIfNobodyIsLeft;

  private boolean open = true;
  private Optional<String> keptFor = Optional.empty();
  private Optional<Turn> turn = Optional.empty();

  /** How a task left the loop. */
  public enum End {
    /** All its steps are made, or all that are this network's. */
    DONE,
    /** Nobody wants it here any more. */
    STOPPED,
    /** It stands between two steps, and another replica can go on. */
    HANDED_OVER
  }

  /** Follows one task. Called by the loop's thread: nothing may block. */
  public interface Watcher {
    /**
     * A step of the task is made.
     *
     * @param took the step alone, without the steps of others before it
     */
    void stepped(Duration took);

    /**
     * Whether another replica could go on with the task where it stands; else it stays here until
     * this one ends.
     */
    default boolean movable() {
      return true;
    }

    /**
     * The loop begins a step, of this task or of others before it, or lets the task go.
     *
     * @param allowance when nothing more is heard for so long the work hangs
     */
    void goesOn(Duration allowance);
  }

  /**
   * A task to be worked at.
   *
   * @param key names it among all
   * @param network makes its next step, and those behind it that are not {@link StepTask#refines()
   *     another's}
   * @param acceptedAtMs when its generation was accepted, Unix milliseconds: who is older
   * @param alone whether nothing else may be at work here meanwhile: the loop is {@link #keepFor
   *     kept} for it
   * @param stop ends it, in the middle of a step where nobody else is in it or all are stopped
   * @param unwanted asked between steps
   * @param onEnding takes what is to be run when this replica begins to shut down
   */
  public record Work(
      String key,
      StepTask task,
      NoisePredictor network,
      long acceptedAtMs,
      boolean alone,
      RunStop stop,
      BooleanSupplier unwanted,
      Consumer<Runnable> onEnding,
      Watcher watcher) {}

  /**
   * @param slots as many tasks are held at most
   */
  public StepLoop(TurnScheduler scheduler, int slots) {
    this(scheduler, slots, new StepTimes());
  }

  /**
   * @param times when a step hangs
   */
  StepLoop(TurnScheduler scheduler, int slots, StepTimes times) {
    this.scheduler = scheduler;
    this.slots = slots;
    this.times = times;
    giveAway = new GiveAway(slots);
    thread = new Thread(this::loop, "step-loop");
    thread.start();
  }

  /** Whether tasks can still be worked at. */
  public synchronized boolean isOpen() {
    return open;
  }

  /** Whether a further task may come. */
  public synchronized boolean hasRoom() {
    return open && held.size() < slots && !isKeptForOne() && !hangs();
  }

  /**
   * Keeps the loop for a task that must be alone: those that are there are finished first, and no
   * other may come until it is {@link #release}d.
   *
   * @return false when it is kept for another one, or closed
   */
  public synchronized boolean keepFor(String key) {
    if (!open || isKeptForOne()) {
      return false;
    }
    keptFor = Optional.of(key);
    return true;
  }

  /** The task that the loop was kept for has ended. */
  public synchronized void release(String key) {
    keptFor = keptFor.filter(kept -> !kept.equals(key));
    notifyAll();
  }

  /** A task is here again that may be one of those given away; it joins when it can. */
  public synchronized void came(String key) {
    giveAway.came(key);
  }

  /** Whether there is a task that must be alone. */
  synchronized boolean isKeptForOne() {
    return keptFor.isPresent();
  }

  /** How many tasks there are. */
  synchronized int held() {
    return held.size();
  }

  /**
   * Works at a task until it has left the loop.
   *
   * @throws RuntimeException what the network or the sampler threw at one of its steps
   */
  public End run(Work work) {
    Held mine = new Held(work);
    synchronized (this) {
      if (!open) {
        return End.HANDED_OVER;
      }
      giveAway.came(work.key());
      held.add(mine);
      work.watcher().goesOn(untilTheNextTurn(mine));
      notifyAll();
    }
    work.onEnding().accept(() -> letLeave(mine));
    work.stop().onStop(abort);
    try {
      return mine.end.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw e;
    }
  }

  /** At its next point between two steps: at once while only others make one. */
  private synchronized void letLeave(Held one) {
    one.leaving = true;
    if (held.contains(one) && turn.isPresent() && !turn.get().together().contains(one)) {
      leave(one, End.HANDED_OVER);
    }
    notifyAll();
  }

  /** A call that is shared goes on for as long as anybody in it wants its answer. */
  private synchronized void abortIfNobodyIsLeft() {
    turn.filter(now -> now.together().stream().allMatch(one -> one.work.stop().stopped()))
        .ifPresent(now -> now.stop().stop());
  }

  /** Whether the step that is being made takes longer than any should. */
  public synchronized boolean hangs() {
    return turn.isPresent() && System.nanoTime() - turn.get().until() > 0;
  }

  /** Hands every task over, at the latest after its step, and ends. */
  @Override
  public void close() {
    synchronized (this) {
      open = false;
      held.forEach(one -> one.leaving = true);
      notifyAll();
    }
  }

  private void loop() {
    while (true) {
      List<Held> next;
      RunStop stop = new RunStop();
      synchronized (this) {
        letGo();
        if (held.isEmpty() && !open) {
          return;
        }
        next = scheduler.next(ready());
        if (next.isEmpty()) {
          rest();
          continue;
        }
        begin(next, stop);
      }
      try {
        make(next, stop);
      } catch (RuntimeException | Error e) {
        failed(next, e);
      }
      synchronized (this) {
        turn = Optional.empty();
      }
    }
  }

  /** Those that wait hear it too: they are not at fault while the others take their time. */
  private void begin(List<Held> next, RunStop stop) {
    Duration allowance = times.allowance(next.get(0).kind);
    turn = Optional.of(new Turn(next, stop, System.nanoTime() + allowance.toNanos()));
    held.forEach(one -> one.work.watcher().goesOn(allowance));
  }

  /** What is left of the step that is being made; where there is nothing, the newcomer's own. */
  private Duration untilTheNextTurn(Held newcomer) {
    return turn.map(now -> Duration.ofNanos(now.until() - System.nanoTime()))
        .filter(left -> !left.isNegative())
        .orElseGet(() -> times.allowance(newcomer.kind));
  }

  private void rest() {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close();
    }
  }

  /** Everybody, but whoever must be alone only when nobody else is there any more. */
  private List<Held> ready() {
    return held.stream().filter(one -> !one.work.alone() || held.size() == 1).toList();
  }

  private void letGo() {
    for (Held one : List.copyOf(held)) {
      if (one.isDone()) {
        leave(one, End.DONE);
      } else if (one.work.stop().stopped() || one.work.unwanted().getAsBoolean()) {
        leave(one, End.STOPPED);
      } else if (one.leaving) {
        leave(one, End.HANDED_OVER);
      }
    }
    if (!isKeptForOne()) {
      giveAway.next(held, System.nanoTime()).ifPresent(one -> leave(one, End.HANDED_OVER));
    }
  }

  private void leave(Held one, End end) {
    held.remove(one);
    one.work.watcher().goesOn(times.allowance(one.kind));
    one.end.complete(end);
  }

  private void make(List<Held> together, RunStop stop) {
    List<NetworkCall> calls = new ArrayList<>(together.size());
    for (Held one : together) {
      calls.add(one.work.task().call());
    }
    Held first = together.get(0);
    long began = System.nanoTime();
    List<float[]> answers = first.work.network().predict(calls, stop);
    List<Held> advanced = new ArrayList<>(together.size());
    for (int i = 0; i < together.size(); i++) {
      if (advance(together.get(i), answers.get(i))) {
        advanced.add(together.get(i));
      }
    }
    long took = System.nanoTime() - began;
    synchronized (this) {
      times.saw(first.kind, took / 1e9);
    }
    for (Held one : advanced) {
      one.work.watcher().stepped(Duration.ofNanos(took));
    }
  }

  private boolean advance(Held one, float[] answers) {
    try {
      one.work.task().advance(answers);
      return true;
    } catch (RuntimeException e) {
      fail(one, e);
      return false;
    }
  }

  private void failed(List<Held> together, Throwable failure) {
    if (failure instanceof RunStoppedException) {
      // by all that are in it, which are let go next
      return;
    }
    if (together.size() == 1) {
      fail(together.get(0), failure);
      return;
    }
    if (failure instanceof OutOfDeviceMemoryException && !together.get(0).fixedBatch()) {
      int rows = together.stream().mapToInt(Held::rows).sum();
      LOG.warnf(
          "out of memory with %d rows in a call: at most %d from now on;"
              + " set latentline.inference.batch-sizes to less",
          rows, rows / 2);
      scheduler.atMost(rows / 2);
      return;
    }
    // one of them may be the reason: each for itself from now on
    LOG.warnf(
        "a step of %d tasks failed, each is tried alone: %s",
        together.size(), failure.getClass().getName());
    together.forEach(one -> one.single = true);
  }

  private synchronized void fail(Held one, Throwable failure) {
    held.remove(one);
    one.end.completeExceptionally(failure);
  }

  /**
   * What is being computed.
   *
   * @param stop ends the call
   * @param until when it must be over, by System.nanoTime()
   */
  private record Turn(List<Held> together, RunStop stop, long until) {}

  private final class Held implements GiveAway.Held {
    /** How much longer than its own work a task may wait until it must not wait longer. */
    private static final int OVERDUE_AFTER = 10;

    private static final double SHORTEST_WAIT = 60;

    private final Work work;
    private final StepKind kind;
    private final boolean refines;
    private final CompletableFuture<End> end = new CompletableFuture<>();
    private boolean leaving;
    private volatile boolean single;

    Held(Work work) {
      this.work = work;
      this.kind = StepKind.of(work.network(), work.task());
      this.refines = work.task().refines();
    }

    /** Or the next step is another network's. */
    boolean isDone() {
      return work.task().done() || work.task().refines() != refines;
    }

    @Override
    public String key() {
      return work.key();
    }

    @Override
    public Object kind() {
      return single ? this : kind;
    }

    @Override
    public int rows() {
      return work.task().plan().rows();
    }

    @Override
    public boolean fixedBatch() {
      return kind.fixedBatch();
    }

    @Override
    public double remaining() {
      return work.task().callsLeft() * times.expected(kind);
    }

    @Override
    public long accepted() {
      return work.acceptedAtMs();
    }

    @Override
    public boolean movable() {
      return work.watcher().movable();
    }

    @Override
    public boolean overdue() {
      double waited = TimeUnit.MILLISECONDS.toSeconds(System.currentTimeMillis() - accepted());
      double own = work.task().plan().calls(0) * times.expected(kind);
      return waited > Math.max(SHORTEST_WAIT, OVERDUE_AFTER * own);
    }
  }
}
