package dev.latentline.inference.session;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which operators of a graph run on the CPU although the session has a GPU: ONNX Runtime puts there
 * what the CUDA provider lacks, and says so nowhere. session.disable_cpu_ep_fallback is no help: it
 * refuses every graph whose shapes are dynamic, because arithmetic on shapes belongs on the CPU. So
 * the first run is profiled, and what gives the CPU more than a shape's worth of bytes is told.
 */
final class NodePlacement {
  private static final JsonMapper JSON = new JsonMapper();

  /** 512 integers; a latent of 32 x 32 has 8 KB in fp16. */
  private static final int SHAPE_BYTES = 4096;

  private NodePlacement() {}

  /** Has the session profile its runs until {@link #end}. */
  static void begin(SessionOptions options) throws OrtException {
    try {
      Path folder = Files.createTempDirectory("latentline-profile");
      options.enableProfiling(folder.resolve("run").toString());
    } catch (IOException e) {
      throw new OrtException("no temporary folder for a profile: " + e.getMessage());
    }
  }

  /** Names of operators, ascending; empty when all is as it should be. */
  static Set<String> end(OrtSession session) throws OrtException {
    Path file = Path.of(session.endProfiling());
    try {
      return onCpu(JSON.readTree(file.toFile()));
    } catch (IOException e) {
      throw new OrtException("the profile cannot be read: " + e.getMessage());
    } finally {
      delete(file);
    }
  }

  /**
   * @param profile the events that ONNX Runtime writes
   */
  static Set<String> onCpu(JsonNode profile) {
    Set<String> operators = new TreeSet<>();
    for (JsonNode event : profile) {
      JsonNode details = event.path("args");
      if (event.path("cat").asText().equals("Node")
          && details.path("provider").asText().equals("CPUExecutionProvider")
          && details.path("output_size").asLong() > SHAPE_BYTES) {
        operators.add(details.path("op_name").asText());
      }
    }
    return operators;
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
      Files.deleteIfExists(file.getParent());
    } catch (IOException e) {
      // a small file in a folder for such files
    }
  }
}
