package dev.latentline.inference.safetensors;

/** A file that is no safetensors file, or is broken. Says which file and what is wrong with it. */
public final class InvalidSafetensorsException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public InvalidSafetensorsException(String message) {
    super(message);
  }
}
