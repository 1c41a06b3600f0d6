package dev.latentline.kit.workqueue;

/**
 * The work stopped at a point from which another replica, or this one later, can go on. The record
 * is published again; that is no attempt.
 */
public final class HandOverException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public HandOverException(String reason) {
    super(reason);
  }
}
