package dev.latentline.denoiser.preview;

import java.time.Duration;

/**
 * Which steps of one picture are told: the first, the last, and others when a pause is over. Every
 * few of them are shown, too, but not the last before its time: the picture itself is on its way.
 * Not thread-safe.
 */
public final class ProgressRate {
  private final int every;
  private final Duration pause;
  private int lastShown;
  private long lastTold;

  /** What is to be said of a step. */
  public enum Said {
    NOTHING,
    TOLD,
    SHOWN
  }

  /**
   * @param every so many steps one is shown; 0 is never
   * @param pause at least, between two
   * @param step that is made already
   * @param now by System.nanoTime()
   */
  public ProgressRate(int every, Duration pause, int step, long now) {
    this.every = every;
    this.pause = pause;
    this.lastShown = step;
    this.lastTold = now - pause.toNanos();
  }

  /**
   * What to say of a step that is made; then it counts as said.
   *
   * @param last whether it is the picture's last one
   */
  public Said next(int step, boolean last, long now) {
    boolean early = now - lastTold < pause.toNanos();
    if (early && !last) {
      return Said.NOTHING;
    }
    lastTold = now;
    if (early || every == 0 || step - lastShown < every) {
      return Said.TOLD;
    }
    lastShown = step;
    return Said.SHOWN;
  }
}
