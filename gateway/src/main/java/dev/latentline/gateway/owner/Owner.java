package dev.latentline.gateway.owner;

import dev.latentline.gateway.VitalThreads;
import dev.latentline.gateway.decide.Decide;
import dev.latentline.gateway.decide.Effect;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.line.Line;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/**
 * Decides about the generations of the partitions that this replica owns, after every change and
 * five times a second, and has the effects carried out. An effect that was begun is not begun again
 * before its mark is folded, unless it failed.
 */
@ApplicationScoped
class Owner {
  private static final Logger LOG = Logger.getLogger(Owner.class);
  private static final long TICK_MILLIS = 200;
  private static final long FORGET_EVERY_MILLIS = 60_000;
  private static final Duration FIRST_RETRY = Duration.ofMillis(500);
  private static final Duration LAST_RETRY = Duration.ofSeconds(5);

  /** An acknowledged mark is folded within milliseconds; after this long it is made again. */
  private static final Duration MARK_OVERDUE = Duration.ofSeconds(60);

  private final Line line;
  private final PartitionOwnership ownership;
  private final EffectRunner runner;
  private final Clock clock;
  private final VitalThreads threads;

  /** Apart, so that a store that is away does not keep generations from beginning and ending. */
  private final ExecutorService marking = pool("owner", 4);

  private final ExecutorService settling = pool("settle", 4);
  private final Thread thread = new Thread(this::loop, "owner-decide");
  private final Map<String, InFlight> inFlight = new HashMap<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private boolean changed;
  private boolean closing;
  private long forgetAtMs;

  /** An effect that was begun; from retryAtMs on it may be begun again. */
  private record InFlight(Effect effect, int failures, long retryAtMs) {
    /** It waits for a thread or runs: however long that takes, it is not begun again meanwhile. */
    private static final long NOT_DONE = Long.MAX_VALUE;
  }

  Owner(
      Line line,
      PartitionOwnership ownership,
      EffectRunner runner,
      Clock clock,
      VitalThreads threads) {
    this.line = line;
    this.ownership = ownership;
    this.runner = runner;
    this.clock = clock;
    this.threads = threads;
  }

  void start(@Observes @Priority(3100) StartupEvent event) {
    line.onChange(this::wake);
    threads.start(thread);
  }

  private synchronized void wake() {
    changed = true;
    notifyAll();
  }

  private void loop() {
    while (awaitChange()) {
      try {
        if (line.caughtUp()) {
          decide(clock.millis());
        }
      } catch (RuntimeException e) {
        LOG.error("deciding failed and is tried again", e);
        pause();
      }
    }
  }

  private void pause() {
    try {
      closed.await(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized boolean awaitChange() {
    try {
      if (!changed && !closing) {
        wait(TICK_MILLIS);
      }
      changed = false;
      return !closing;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void decide(long nowMs) {
    Set<String> admitted =
        line.admitted().stream().map(GenerationState::id).collect(Collectors.toSet());
    Set<String> seen = new HashSet<>();
    for (Line.Unsettled generation : line.unsettled()) {
      GenerationState state = generation.state();
      seen.add(state.id());
      if (ownership.owns(generation.partition())) {
        Decide.next(state, nowMs, admitted.contains(state.id()))
            .ifPresent(effect -> begin(state, effect, nowMs));
      }
    }
    synchronized (this) {
      inFlight.keySet().retainAll(seen);
    }
    if (nowMs >= forgetAtMs) {
      line.forget(nowMs - Line.retentionMs());
      forgetAtMs = nowMs + FORGET_EVERY_MILLIS;
    }
  }

  private void begin(GenerationState state, Effect effect, long nowMs) {
    int failures;
    synchronized (this) {
      Optional<InFlight> before =
          Optional.ofNullable(inFlight.get(state.id())).filter(f -> f.effect().equals(effect));
      if (before.isPresent() && nowMs < before.get().retryAtMs()) {
        return;
      }
      failures = before.map(InFlight::failures).orElse(0);
      inFlight.put(state.id(), new InFlight(effect, failures, InFlight.NOT_DONE));
    }
    ExecutorService pool = effect instanceof Effect.Settle ? settling : marking;
    pool.execute(() -> run(state, effect, failures));
  }

  private void run(GenerationState state, Effect effect, int failures) {
    try {
      runner.run(state, effect);
      LOG.infof("generation=%s %s", state.id(), told(effect));
      again(state, effect, 0, MARK_OVERDUE.toMillis());
    } catch (RuntimeException e) {
      long pause =
          Math.min(LAST_RETRY.toMillis(), FIRST_RETRY.toMillis() << Math.min(failures, 10));
      LOG.warnf(
          "generation=%s %s failed and is tried again in %d ms: %s",
          state.id(), told(effect), pause, e.toString());
      again(state, effect, failures + 1, pause);
    }
  }

  /** Unless its mark is folded, or another effect is due instead. */
  private synchronized void again(
      GenerationState state, Effect effect, int failures, long afterMillis) {
    inFlight.computeIfPresent(
        state.id(),
        (id, known) ->
            known.effect().equals(effect)
                ? new InFlight(effect, failures, clock.millis() + afterMillis)
                : known);
  }

  private static String told(Effect effect) {
    return effect instanceof Effect.End end
        ? "end " + end.outcome().kind()
        : effect.getClass().getSimpleName();
  }

  private static ExecutorService pool(String name, int threads) {
    return Executors.newFixedThreadPool(threads, task -> new Thread(task, name));
  }

  /** Before the channels close. What is not carried out is left to the next owner. */
  void stop(@Observes @Priority(2) ShutdownEvent event) throws InterruptedException {
    threads.release(thread);
    closed.countDown();
    synchronized (this) {
      closing = true;
      notifyAll();
    }
    marking.shutdown();
    settling.shutdown();
    marking.awaitTermination(1, TimeUnit.SECONDS);
    settling.awaitTermination(1, TimeUnit.SECONDS);
  }
}
