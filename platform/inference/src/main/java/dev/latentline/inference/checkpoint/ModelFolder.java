package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.inference.checkpoint.Fit.Taken;
import dev.latentline.inference.safetensors.SafetensorsWriter;
import dev.latentline.inference.safetensors.StoredTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The folder of a model that is being imported: for each part the template's graph and, beside it
 * in weights.safetensors, its weights under the graph's names.
 */
final class ModelFolder {
  /** For graphs, tokenizer and what a file system needs. */
  static final long SPARE_BYTES = 64L * 1024 * 1024;

  private final Path path;
  private final WrittenFolder folder;
  private final Fit fit;
  private final Map<String, byte[]> tokenizers;

  /**
   * @param tokenizers by path in the folder
   */
  ModelFolder(Path folder, Fit fit, Map<String, byte[]> tokenizers) {
    this.path = folder;
    this.folder = new WrittenFolder(folder);
    this.fit = fit;
    this.tokenizers = tokenizers;
  }

  /**
   * @param what this is, for people
   * @throws RefusedCheckpointException when the disk has less free than it will take
   */
  void requireRoom(String what) throws IOException {
    long needed = SPARE_BYTES;
    for (Map<String, Taken> weights : fit.found().values()) {
      needed += SafetensorsWriter.size(entries(weights));
    }
    folder.requireRoom(what, needed);
  }

  /** A whole model. */
  void write(ObjectNode manifest, ObjectNode scheduler, Consumer<String> notes) throws IOException {
    writeParts(notes);
    for (Map.Entry<String, byte[]> tokenizer : tokenizers.entrySet()) {
      folder.write(tokenizer.getKey(), out -> out.write(tokenizer.getValue()));
    }
    folder.write(
        "scheduler/scheduler_config.json", out -> out.write(WrittenFolder.pretty(scheduler)));
    notes.accept("fitting previews");
    PreviewFit.into(manifest, path);
    folder.writeManifest(manifest);
  }

  /** What has no more than its graphs and their weights. */
  void write(ObjectNode manifest, Consumer<String> notes) throws IOException {
    writeParts(notes);
    folder.writeManifest(manifest);
  }

  private void writeParts(Consumer<String> notes) throws IOException {
    for (Map.Entry<String, Map<String, Taken>> part : fit.found().entrySet()) {
      String name = part.getKey();
      folder.write(name + "/model.onnx", out -> out.write(fit.template().graph(name)));
      List<SafetensorsWriter.Entry> entries = entries(part.getValue());
      notes.accept(
          "writing "
              + name
              + " ("
              + WrittenFolder.megabytes(SafetensorsWriter.size(entries))
              + " MB)");
      folder.write(
          name + "/weights.safetensors",
          out ->
              SafetensorsWriter.write(
                  out, entries, entry -> content(part.getValue().get(entry.name()))));
    }
  }

  private static List<SafetensorsWriter.Entry> entries(Map<String, Taken> weights) {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    weights.forEach(
        (name, taken) ->
            entries.add(new SafetensorsWriter.Entry(name, taken.type(), taken.place().shape())));
    return entries;
  }

  private static ByteBuffer content(Taken taken) throws IOException {
    if (taken.located().isEmpty()) {
      return identity(Math.toIntExact(taken.place().shape().get(0)));
    }
    StoredTensor tensor = taken.located().get().tensor();
    ByteBuffer whole = taken.located().get().file().map(tensor);
    if (taken.source().rows().isPresent()) {
      WeightPlace.Rows rows = taken.source().rows().get();
      long all = tensor.shape().get(0);
      int row = Math.toIntExact(whole.remaining() / all);
      return whole.slice(Math.toIntExact(rows.from() * row), Math.toIntExact(rows.count() * row));
    }
    if (taken.source().swapped()) {
      return swapped(whole);
    }
    return taken.source().transposed() ? transposed(whole, taken) : whole;
  }

  private static ByteBuffer identity(int side) {
    ByteBuffer matrix =
        ByteBuffer.allocate(Float.BYTES * side * side).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < side; i++) {
      matrix.putFloat(Float.BYTES * (i * side + i), 1);
    }
    return matrix;
  }

  private static ByteBuffer swapped(ByteBuffer stored) {
    int half = stored.remaining() / 2;
    return ByteBuffer.allocate(2 * half)
        .put(stored.slice(half, half))
        .put(stored.slice(0, half))
        .flip();
  }

  private static ByteBuffer transposed(ByteBuffer stored, Taken taken) {
    int width = taken.type().bytes();
    int rows = Math.toIntExact(taken.place().shape().get(0));
    int columns = Math.toIntExact(taken.place().shape().get(1));
    ByteBuffer turned = ByteBuffer.allocate(stored.remaining());
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        int from = (column * rows + row) * width;
        for (int i = 0; i < width; i++) {
          turned.put(stored.get(from + i));
        }
      }
    }
    return turned.flip();
  }
}
