package dev.latentline.gateway.line;

import com.google.protobuf.ByteString;
import java.util.Optional;

/**
 * Something to tell about a generation.
 *
 * @param view as it is after the update
 * @param offset of the last fact in the view; the last two kinds have the same one as the fact
 *     before
 * @param progress of a PROGRESS and of a PREVIEW
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
    PROGRESS,
    /** What the picture looks like after the step; follows the PROGRESS of some. */
    PREVIEW
  }

  /**
   * Steps done of steps, of one picture.
   *
   * @param preview of a PREVIEW a PNG, at most Limits.MAX_PREVIEW_BYTES long; else empty
   */
  public record StepProgress(int imageIndex, int step, int steps, ByteString preview) {}
}
