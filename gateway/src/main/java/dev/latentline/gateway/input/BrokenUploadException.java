package dev.latentline.gateway.input;

/** A body did not come in as a whole. */
public final class BrokenUploadException extends Exception {
  private final boolean tooLong;

  BrokenUploadException(boolean tooLong) {
    this.tooLong = tooLong;
  }

  /** Whether it was left unread because it is too long; otherwise it broke off. */
  public boolean tooLong() {
    return tooLong;
  }
}
