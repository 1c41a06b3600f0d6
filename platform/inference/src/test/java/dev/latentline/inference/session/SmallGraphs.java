package dev.latentline.inference.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/** ONNX files of one operator, opset 17. */
final class SmallGraphs {
  /** y = a + b, all float16 [n]. */
  static final String HALF_ADD =
      "CAgSADpJCg4KAWEKAWISAXkiA0FkZBIBZ1oQCgFhEgsKCQgKEgUKAxIBbloQCgFiEgsKCQgKEgUKAxIBbmIQCgF5"
          + "EgsKCQgKEgUKAxIBbkIECgAQEQ==";

  /** y [p, q] = Expand(a [1], s [2]): as large as its input s says. */
  static final String EXPAND =
      "CAgSADpPChEKAWEKAXMSAXkiBkV4cGFuZBIBZ1oPCgFhEgoKCAgBEgQKAggBWg8KAXMSCgoICAcSBAoCCAJiFQoBeRIQCg4IARIKCgMSAXAKAxIBcUIECgAQEQ==";

  private SmallGraphs() {}

  static Path write(String graph, Path folder) throws IOException {
    return Files.write(folder.resolve("model.onnx"), Base64.getDecoder().decode(graph));
  }
}
