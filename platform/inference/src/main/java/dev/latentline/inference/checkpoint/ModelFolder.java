package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.inference.checkpoint.Fit.Taken;
import dev.latentline.inference.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
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
  private final byte[] tokenizer;

  ModelFolder(Path folder, Fit fit, byte[] tokenizer) {
    this.path = folder;
    this.folder = new WrittenFolder(folder);
    this.fit = fit;
    this.tokenizer = tokenizer;
  }

  /**
   * @throws RefusedCheckpointException when the disk has less free than the model will take
   */
  void requireRoom() throws IOException {
    long needed = SPARE_BYTES;
    for (Map<String, Taken> weights : fit.found().values()) {
      needed += SafetensorsWriter.size(entries(weights));
    }
    folder.requireRoom("the model", needed);
  }

  void write(ObjectNode manifest, ObjectNode scheduler, Consumer<String> notes) throws IOException {
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
    folder.write("tokenizer/tokenizer.json", out -> out.write(tokenizer));
    folder.write(
        "scheduler/scheduler_config.json", out -> out.write(WrittenFolder.pretty(scheduler)));
    notes.accept("fitting previews");
    PreviewFit.into(manifest, path);
    folder.writeManifest(manifest);
  }

  private static List<SafetensorsWriter.Entry> entries(Map<String, Taken> weights) {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    weights.forEach(
        (name, taken) ->
            entries.add(
                new SafetensorsWriter.Entry(
                    name, taken.located().tensor().type(), taken.place().shape())));
    return entries;
  }

  private static ByteBuffer content(Taken taken) throws IOException {
    ByteBuffer whole = taken.located().file().map(taken.located().tensor());
    if (taken.source().rows().isPresent()) {
      WeightPlace.Rows rows = taken.source().rows().get();
      long all = taken.located().tensor().shape().get(0);
      int row = Math.toIntExact(whole.remaining() / all);
      return whole.slice(Math.toIntExact(rows.from() * row), Math.toIntExact(rows.count() * row));
    }
    return taken.source().transposed() ? transposed(whole, taken) : whole;
  }

  private static ByteBuffer transposed(ByteBuffer stored, Taken taken) {
    int width = taken.located().tensor().type().bytes();
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
