package dev.latentline.inference.checkpoint;

/** A checkpoint that is not imported. The message says why, and what to do, for people. */
public final class RefusedCheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1;

  RefusedCheckpointException(String message) {
    super(message);
  }
}
