package dev.latentline.denoiser.preview;

import java.time.Duration;

/** Which steps of one picture are shown. Not thread-safe. */
public final class PreviewRate {
  /** People see no more, and what is shown must cost next to nothing. */
  static final Duration SHORTEST_PAUSE = Duration.ofMillis(250);

  private final int every;
  private int lastStep;
  private long lastAt;

  /**
   * @param every so many steps; 0 is never
   * @param step that is made already
   * @param now by System.nanoTime()
   */
  public PreviewRate(int every, int step, long now) {
    this.every = every;
    this.lastStep = step;
    this.lastAt = now - SHORTEST_PAUSE.toNanos();
  }

  /** Whether to show what there is after a step; then it counts as shown. */
  public boolean due(int step, long now) {
    if (every == 0 || step - lastStep < every || now - lastAt < SHORTEST_PAUSE.toNanos()) {
      return false;
    }
    lastStep = step;
    lastAt = now;
    return true;
  }
}
