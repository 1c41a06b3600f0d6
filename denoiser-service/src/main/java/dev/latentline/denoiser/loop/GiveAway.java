package dev.latentline.denoiser.loop;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Which task a replica hands on because another one may be idle. A queue gives a task to whoever
 * asks first, so a replica may hold several while one that came later, or whose own were shorter,
 * has none. Now and then it therefore hands on the task that it would come to last. An idle replica
 * takes it at once; if there is none it comes back, and the next time comes later. A replica that
 * holds as many as it may looks at the queue's other tasks in this way: short ones among them stay.
 *
 * <p>Not thread-safe.
 */
final class GiveAway {
  static final Duration FIRST_PAUSE = Duration.ofMillis(250);
  static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  /** In seconds: what is shorter is done before another replica has begun it. */
  private static final double WORTH_IT = 0.5;

  private final int slots;
  private long pause = FIRST_PAUSE.toNanos();
  private long dueAt;
  private String given = "";
  private boolean waiting;

  /**
   * @param slots as many tasks are held at most
   */
  GiveAway(int slots) {
    this.slots = slots;
  }

  /** A task that is held. */
  interface Held extends TurnScheduler.Candidate {
    String key();

    /** Whether another replica could go on with it. */
    boolean movable();

    /** Whether it has waited so long that it must not go to the end of the queue. */
    boolean overdue();
  }

  /** The task to hand on now, if any. */
  <H extends Held> Optional<H> next(Collection<H> held, long nanos) {
    if (held.size() < 2) {
      waiting = false;
      return Optional.empty();
    }
    if (!waiting) {
      // the second one has just come
      waiting = true;
      dueAt = nanos + pause;
    }
    if (nanos - dueAt < 0) {
      return Optional.empty();
    }
    boolean full = held.size() >= slots;
    List<H> candidates = held.stream().filter(h -> h.movable() && !(full && h.overdue())).toList();
    if (candidates.isEmpty()) {
      return Optional.empty();
    }
    H last = TurnScheduler.last(candidates);
    if (last.remaining() < WORTH_IT) {
      return Optional.empty();
    }
    if (!given.isEmpty()) {
      // the one before has not come back: somebody could use it
      pause = FIRST_PAUSE.toNanos();
    }
    given = last.key();
    dueAt = nanos + pause;
    return Optional.of(last);
  }

  /** A task has come. */
  void came(String key) {
    if (key.equals(given)) {
      given = "";
      pause = Math.min(2 * pause, LONGEST_PAUSE.toNanos());
    }
  }
}
