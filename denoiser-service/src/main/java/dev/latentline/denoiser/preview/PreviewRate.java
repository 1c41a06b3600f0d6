package dev.latentline.denoiser.preview;

import java.time.Duration;

/** Which steps of one picture are shown. Not thread-safe. */
public final class PreviewRate {
  private final int every;
  private final Duration pause;
  private int lastStep;
  private long lastAt;

  /**
   * @param every so many steps; 0 is never
   * @param pause at least, between two
   * @param step that is made already
   * @param now by System.nanoTime()
   */
  public PreviewRate(int every, Duration pause, int step, long now) {
    this.every = every;
    this.pause = pause;
    this.lastStep = step;
    this.lastAt = now - pause.toNanos();
  }

  /** Whether to show what there is after a step; then it counts as shown. */
  public boolean due(int step, long now) {
    if (every == 0 || step - lastStep < every || now - lastAt < pause.toNanos()) {
      return false;
    }
    lastStep = step;
    lastAt = now;
    return true;
  }
}
