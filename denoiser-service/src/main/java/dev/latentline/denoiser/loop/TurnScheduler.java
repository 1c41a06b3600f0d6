package dev.latentline.denoiser.loop;

import dev.latentline.denoiser.network.BatchSizes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Decides whose step is next. Shortest remaining time first (Schrage 1968): what is nearly done
 * gets done, so that a picture of 4 steps does not wait for one of 50, which waits not much longer
 * for it. So that nobody starves every eighth turn belongs to the one that was accepted first.
 *
 * <p>Where a network takes batches, those that can share a call with the first one do, in the same
 * order.
 *
 * <p>Knows no clock and no thread: what it decides depends on what it is told. Not thread-safe: it
 * counts turns.
 */
public final class TurnScheduler {
  /** Measured by simulation: more often costs short pictures more than it gives to long ones. */
  static final int TURN_OF_THE_OLDEST = 8;

  private final BatchSizes sizes;
  private int mostRows = Integer.MAX_VALUE;
  private int turns;

  public TurnScheduler(BatchSizes sizes) {
    this.sizes = sizes;
  }

  /** A task that waits for a turn. */
  public interface Candidate {
    /** Tasks of equal kind can share a call of the network. */
    Object kind();

    /** What its step takes of a batch. */
    int rows();

    /** Whether its batch has always the same size, which costs no more when it is full. */
    default boolean fixedBatch() {
      return false;
    }

    /** What is left to do, in seconds. */
    double remaining();

    /** Orders by age: smaller is older. */
    long accepted();
  }

  /**
   * Who makes a step together now; empty when nobody waits.
   *
   * @param waiting in any order
   */
  public <C extends Candidate> List<C> next(Collection<C> waiting) {
    if (waiting.isEmpty()) {
      return List.of();
    }
    turns++;
    C first =
        waiting.stream()
            .min(turns % TURN_OF_THE_OLDEST == 0 ? byAge() : byRemaining())
            .orElseThrow();
    return sizes.shared() ? withCompany(first, waiting) : List.of(first);
  }

  /**
   * From now on calls have at most so many rows, unless a single task has more or their number is
   * fixed.
   */
  public void atMost(int rows) {
    mostRows = Math.min(mostRows, rows);
  }

  /** Who can best do without a turn for long; waiting is not empty. */
  public static <C extends Candidate> C last(Collection<C> waiting) {
    return waiting.stream().max(byRemaining()).orElseThrow();
  }

  private <C extends Candidate> List<C> withCompany(C first, Collection<C> waiting) {
    List<C> company =
        waiting.stream()
            .filter(other -> other != first && other.kind().equals(first.kind()))
            .sorted(byRemaining())
            .toList();
    int rows = company.stream().mapToInt(Candidate::rows).sum() + first.rows();
    int most =
        first.fixedBatch() ? sizes.fixed(first.rows()) : sizes.best(Math.min(rows, mostRows));
    int room = most - first.rows();
    List<C> together = new ArrayList<>(List.of(first));
    for (C other : company) {
      if (other.rows() <= room) {
        room -= other.rows();
        together.add(other);
      }
    }
    return together;
  }

  private static Comparator<Candidate> byRemaining() {
    return Comparator.comparingDouble(Candidate::remaining).thenComparing(byAge());
  }

  private static Comparator<Candidate> byAge() {
    return Comparator.comparingLong(Candidate::accepted);
  }
}
