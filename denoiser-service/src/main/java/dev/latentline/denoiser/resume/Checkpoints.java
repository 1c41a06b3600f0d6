package dev.latentline.denoiser.resume;

import java.time.Duration;

/**
 * When the steps of one task are worth a record: so often that a crash costs at most the longer of
 * one step and half a second of work, and never for a task that is made in less than a second. Not
 * thread-safe.
 */
public final class Checkpoints {
  /** A record is under way for a while before it counts. */
  private static final Duration INTERVAL = Duration.ofMillis(450);

  private static final Duration SHORTEST_TASK = Duration.ofSeconds(1);

  private final int steps;
  private int made;
  private long worked;
  private long unsaved;

  /**
   * @param steps that are left to make; of a sampler that asks the network twice in a step, each
   *     half counts as one
   */
  public Checkpoints(int steps) {
    this.steps = steps;
  }

  /**
   * @param took the step that was made now
   * @return whether to write a record of the state after it
   */
  public boolean due(Duration took) {
    made++;
    worked += took.toNanos();
    unsaved += took.toNanos();
    long usual = worked / made;
    boolean worthIt = usual * steps >= SHORTEST_TASK.toNanos();
    if (worthIt && unsaved + usual > INTERVAL.toNanos()) {
      unsaved = 0;
      return true;
    }
    return false;
  }
}
