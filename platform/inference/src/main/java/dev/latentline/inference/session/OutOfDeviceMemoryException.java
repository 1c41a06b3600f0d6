package dev.latentline.inference.session;

import java.util.List;

/**
 * The device has no memory for what a graph was to hold: smaller input may still run, and the
 * session stays usable.
 */
public final class OutOfDeviceMemoryException extends GraphFailedException {
  private static final long serialVersionUID = 1;

  /**
   * ONNX Runtime has no code for it. The first two are its arena's, in bfc_arena.cc (the second
   * when a limit is set); the others come from CUDA, cuDNN and cuBLAS.
   */
  private static final List<String> SIGNS =
      List.of(
          "Failed to allocate memory for requested buffer",
          "is smaller than requested bytes",
          "CUDA failure 2: out of memory",
          "CUDNN_STATUS_ALLOC_FAILED",
          "CUBLAS_STATUS_ALLOC_FAILED");

  public OutOfDeviceMemoryException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Whether an error of ONNX Runtime's says that memory ran out. */
  static boolean isMeantBy(String message) {
    return message != null && SIGNS.stream().anyMatch(message::contains);
  }
}
