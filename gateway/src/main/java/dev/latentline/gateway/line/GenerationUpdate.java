package dev.latentline.gateway.line;

import java.util.Optional;

/**
 * Something to tell about a generation.
 *
 * @param view as it is after the update
 * @param offset of the last fact in the view; a PROGRESS has the same one as the fact before it
 * @param progress of a PROGRESS
 */
public record GenerationUpdate(
    GenerationView view, long offset, Kind kind, Optional<StepProgress> progress) {

  /** What an update tells. */
  public enum Kind {
    /** All that is known, to begin with. */
    SNAPSHOT,
    /** A fact was folded that changed what a client sees. */
    STATE,
    /** A step ended; shown, never kept. */
    PROGRESS
  }

  /** Steps done of steps, of one picture. */
  public record StepProgress(int imageIndex, int step, int steps) {}
}
