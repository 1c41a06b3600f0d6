package dev.latentline.inference.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A part of a model as an ONNX graph that somebody else exported: model.onnx, and beside it the
 * files with its weights where they are not in it.
 *
 * @param name of the folder
 * @param files that it consists of, by name, ascending
 */
record OnnxPart(String name, Path folder, OnnxGraph graph, List<String> files) {
  static final String GRAPH = "model.onnx";

  /** Names that a manifest takes: no folder, and nothing hidden. */
  private static final String PLAIN = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}";

  /**
   * @throws RefusedCheckpointException when it is no ONNX model, or data of its tensors lie outside
   *     the folder, or are not there as a whole
   */
  static OnnxPart read(Path folder) throws IOException {
    String name = String.valueOf(folder.getFileName());
    OnnxGraph graph = OnnxGraph.read(folder.resolve(GRAPH));
    Set<String> files = new TreeSet<>(Set.of(GRAPH));
    for (OnnxGraph.External data : graph.external()) {
      String location = data.location();
      Path file = location.matches(PLAIN) ? folder.resolve(location) : null;
      if (file == null || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        throw new RefusedCheckpointException(
            name
                + "/"
                + GRAPH
                + " wants the data of "
                + CheckpointImport.line(data.tensor())
                + " from "
                + CheckpointImport.line(location)
                + ", which is no file beside it");
      }
      if (data.offset() + data.length() > Files.size(file)) {
        throw new RefusedCheckpointException(
            name
                + "/"
                + location
                + " is cut: it ends before the data of "
                + CheckpointImport.line(data.tensor()));
      }
      files.add(location);
    }
    return new OnnxPart(name, folder, graph, new ArrayList<>(files));
  }

  /**
   * Holds the graph against what the part is to be.
   *
   * @param inputs and how many dimensions each has
   * @throws RefusedCheckpointException when one is missing, another is there, or has no numbers
   */
  void require(Map<String, Integer> inputs, String output) {
    Set<String> names = graph.inputs().keySet();
    if (!names.equals(inputs.keySet()) || !graph.outputs().containsKey(output)) {
      throw new RefusedCheckpointException(
          name
              + "/"
              + GRAPH
              + " takes "
              + new TreeSet<>(names)
              + " and gives "
              + new TreeSet<>(graph.outputs().keySet())
              + ", and should take "
              + new TreeSet<>(inputs.keySet())
              + " and give "
              + output);
    }
    inputs.forEach(
        (input, dimensions) -> {
          OnnxGraph.Value value = graph.inputs().get(input);
          if (!(value.isFloating() || value.isInteger())) {
            throw wrong(input, "is not of fp32, fp16, int64 or int32");
          }
          if (value.shape().size() != dimensions) {
            throw wrong(input, "has " + value.shape().size() + " dimensions, not " + dimensions);
          }
        });
  }

  /**
   * Refuses a dimension that is fixed to something else.
   *
   * @param allowed what it may be fixed to
   */
  void requireFree(String input, int dimension, List<Long> allowed, String what) {
    long side = side(input, dimension);
    if (side != OnnxGraph.ANY && !allowed.contains(side)) {
      throw wrong(
          input,
          "was exported for "
              + side
              + " "
              + what
              + " alone: export it with dynamic axes, as optimum does by itself");
    }
  }

  /** A dimension of an input, or {@link OnnxGraph#ANY}. */
  long side(String input, int dimension) {
    return graph.inputs().get(input).shape().get(dimension);
  }

  RefusedCheckpointException wrong(String input, String what) {
    return new RefusedCheckpointException(
        "the input " + input + " of " + name + "/" + GRAPH + " " + what);
  }

  /** How long its files are together. */
  long bytes() throws IOException {
    long bytes = 0;
    for (String file : files) {
      bytes += Files.size(folder.resolve(file));
    }
    return bytes;
  }
}
