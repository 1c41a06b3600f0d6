package dev.latentline.denoiser;

import java.time.Duration;

/**
 * How fast the steps of one picture follow each other of late, the waits for other pictures
 * included. Not thread-safe.
 */
final class Pace {
  private static final double WEIGHT_OF_THE_NEWEST = 0.2;

  private int steps;
  private double nanosEach;
  private long last;

  /**
   * @param took the step that was made now alone
   * @param now by System.nanoTime()
   */
  void stepped(Duration took, long now) {
    steps++;
    // the wait for a first turn says nothing of the pace after it
    double newest = steps == 1 ? took.toNanos() : now - last;
    nanosEach += Math.max(WEIGHT_OF_THE_NEWEST, 1.0 / steps) * (newest - nanosEach);
    last = now;
  }

  /** How long so many further steps take. */
  Duration of(int further) {
    return Duration.ofNanos((long) (nanosEach * further));
  }
}
