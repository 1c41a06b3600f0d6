package dev.latentline.inference.session;

/** ONNX Runtime could not load or run a graph; the cause says why. Names no input's content. */
public class GraphFailedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  GraphFailedException(String message, Throwable cause) {
    super(message, cause);
  }

  GraphFailedException(String message) {
    super(message);
  }
}
