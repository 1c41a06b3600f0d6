package dev.latentline.gateway.decide;

import dev.latentline.gateway.fold.GenerationState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;

/**
 * Which generations are next. Work waits here, at the size of a request, and not in the line at the
 * size of tensors: of each pool a window of image tasks is in the line, first in, first out. A
 * generation larger than what is left of the window waits, and holds back those behind it, so that
 * it is not overtaken for ever. Frames of live mode come first, do not wait for the window and take
 * nothing of it: each is short, each session has only a few, and the denoisers see to it that they
 * do not have every turn.
 *
 * <p>Fed with every change of every generation; not thread-safe.
 */
public final class DispatchQueue {
  private static final Comparator<GenerationState> ARRIVAL =
      Comparator.<GenerationState, Boolean>comparing(state -> !state.request().getLive())
          .thenComparingLong(state -> state.request().getAcceptedAtMs())
          .thenComparing(GenerationState::id);

  private final int window;
  private final Map<String, Pool> pools = new HashMap<>();

  /**
   * @param window image tasks of a pool that are in the line at once, at least 1
   */
  public DispatchQueue(int window) {
    if (window < 1) {
      throw new IllegalArgumentException("a window has room for at least one image task");
    }
    this.window = window;
  }

  /** Takes a change into account; before is empty when the generation is new. */
  public void update(Optional<GenerationState> before, GenerationState after) {
    Pool pool = pools.computeIfAbsent(after.request().getPool(), name -> new Pool());
    before.ifPresent(pool::remove);
    pool.add(after);
  }

  /** The generations that the windows have room for, live ones first, then the oldest. */
  public List<GenerationState> admitted() {
    List<GenerationState> admitted = new ArrayList<>();
    for (Pool pool : pools.values()) {
      int inLine = pool.inLine;
      for (GenerationState next : pool.waiting) {
        if (!next.request().getLive()) {
          int tasks = next.request().getCount();
          if (inLine > 0 && inLine + tasks > window) {
            break;
          }
          inLine += tasks;
        }
        admitted.add(next);
      }
    }
    return admitted;
  }

  /** How many wait before it; empty when it does not wait. */
  public OptionalInt position(GenerationState state) {
    Pool pool = pools.get(state.request().getPool());
    if (pool == null || !pool.waiting.contains(state)) {
      return OptionalInt.empty();
    }
    return OptionalInt.of(pool.waiting.headSet(state).size());
  }

  private static final class Pool {
    private final TreeSet<GenerationState> waiting = new TreeSet<>(ARRIVAL);

    /** Image tasks of those that are not live. */
    private int inLine;

    void add(GenerationState state) {
      if (state.waiting()) {
        waiting.add(state);
      }
      inLine += inWindow(state);
    }

    void remove(GenerationState state) {
      waiting.remove(state);
      inLine -= inWindow(state);
    }

    private static int inWindow(GenerationState state) {
      return state.request().getLive() ? 0 : state.tasksInLine();
    }
  }
}
