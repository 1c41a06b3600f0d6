package dev.latentline.inference.session;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;

/** The one ONNX Runtime environment of the process. */
final class OrtRuntime {
  private static final String NO_TELEMETRY = "ORT_DISABLE_TELEMETRY";
  private static OrtEnvironment environment;

  private OrtRuntime() {}

  /**
   * The environment; the native library is loaded at the first call.
   *
   * @throws IllegalStateException unless telemetry is switched off in the environment of the
   *     process
   */
  static synchronized OrtEnvironment environment() {
    if (environment == null) {
      requireNoTelemetry(System.getenv(NO_TELEMETRY));
      environment =
          OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "latentline");
      try {
        environment.setTelemetry(false);
      } catch (OrtException e) {
        throw new IllegalStateException("ONNX Runtime does not switch its telemetry off", e);
      }
    }
    return environment;
  }

  /**
   * ONNX Runtime reads the variable when it is loaded, and a Java process cannot set its own
   * environment: so it must be there from the start.
   */
  static void requireNoTelemetry(String value) {
    if (!"1".equals(value)) {
      throw new IllegalStateException(
          "Start this process with "
              + NO_TELEMETRY
              + "=1 in its environment: without it ONNX Runtime sends usage data to its vendor");
    }
  }
}
