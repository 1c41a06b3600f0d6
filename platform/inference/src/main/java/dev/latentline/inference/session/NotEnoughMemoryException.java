package dev.latentline.inference.session;

/** The machine has too little free memory for a graph; the message says how much it needs. */
public final class NotEnoughMemoryException extends GraphFailedException {
  private static final long serialVersionUID = 1;

  NotEnoughMemoryException(String message) {
    super(message);
  }
}
