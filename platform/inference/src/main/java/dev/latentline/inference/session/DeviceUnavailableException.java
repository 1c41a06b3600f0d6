package dev.latentline.inference.session;

/** The device that was asked for cannot be used here. The message says why, and what to do. */
public final class DeviceUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1;

  DeviceUnavailableException(String message) {
    super(message);
  }
}
