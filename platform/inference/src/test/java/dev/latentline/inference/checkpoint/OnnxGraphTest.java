package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files as onnx.proto lays them out, written by hand. */
class OnnxGraphTest {
  private static final int GRAPH = 7;
  private static final int INITIALIZER = 5;
  private static final int INPUT = 11;
  private static final int TENSOR_DIMS = 1;
  private static final int TENSOR_NAME = 8;
  private static final int TENSOR_EXTERNAL = 13;

  @TempDir Path temporary;
  private Path file;

  @BeforeEach
  void part() throws IOException {
    file = Files.createDirectories(temporary.resolve("unet")).resolve("model.onnx");
  }

  @FunctionalInterface
  private interface Fields {
    void write(CodedOutputStream out) throws IOException;
  }

  private static ByteString message(Fields fields) throws IOException {
    ByteString.Output bytes = ByteString.newOutput();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    fields.write(out);
    out.flush();
    return bytes.toByteString();
  }

  private OnnxGraph read(Fields graph) throws IOException {
    Files.write(file, message(out -> out.writeBytes(GRAPH, message(graph))).toByteArray());
    return OnnxGraph.read(file);
  }

  private static ByteString packed(List<Long> dims) throws IOException {
    return message(
        out -> {
          for (long dim : dims) {
            out.writeInt64NoTag(dim);
          }
        });
  }

  private static ByteString entry(String key, String value) throws IOException {
    return message(
        out -> {
          out.writeString(1, key);
          out.writeString(2, value);
        });
  }

  private static ByteString input(String name, int dimensions) throws IOException {
    ByteString shape =
        message(
            out -> {
              for (int i = 0; i < dimensions; i++) {
                out.writeBytes(1, message(side -> side.writeInt64(1, 8)));
              }
            });
    ByteString tensor =
        message(
            out -> {
              out.writeInt32(1, 1);
              out.writeBytes(2, shape);
            });
    return message(
        out -> {
          out.writeString(1, name);
          out.writeBytes(2, message(type -> type.writeBytes(1, tensor)));
        });
  }

  @Test
  void whatAGraphSaysIsRead() throws IOException {
    OnnxGraph graph =
        read(
            out -> {
              out.writeBytes(INPUT, input("sample", 4));
              out.writeBytes(
                  INITIALIZER,
                  message(
                      tensor -> {
                        tensor.writeBytes(TENSOR_DIMS, packed(List.of(320L, 4L)));
                        tensor.writeString(TENSOR_NAME, "größe");
                        tensor.writeBytes(TENSOR_EXTERNAL, entry("location", "model.data"));
                        tensor.writeBytes(TENSOR_EXTERNAL, entry("offset", "4096"));
                        tensor.writeBytes(TENSOR_EXTERNAL, entry("length", "5120"));
                      }));
              out.writeBytes(
                  INITIALIZER,
                  message(
                      tensor -> {
                        // one by one, as old writers have them
                        tensor.writeInt64(TENSOR_DIMS, 3);
                        tensor.writeInt64(TENSOR_DIMS, 5);
                        tensor.writeString(TENSOR_NAME, "b");
                      }));
            });

    assertThat(graph.inputs().get("sample").shape()).containsExactly(8L, 8L, 8L, 8L);
    assertThat(graph.initializers()).containsEntry("größe", List.of(320L, 4L));
    assertThat(graph.initializers()).containsEntry("b", List.of(3L, 5L));
    assertThat(graph.external())
        .containsExactly(new OnnxGraph.External("größe", "model.data", 4096, 5120));
  }

  @Test
  void aNameThatIsTooLongIsRefusedBeforeItIsRead() throws IOException {
    int length = 64 << 20;
    ByteString begin =
        message(
            out -> {
              out.writeTag(TENSOR_NAME, 2);
              out.writeUInt32NoTag(length);
            });
    ByteString tensor =
        message(
            out -> {
              out.writeTag(INITIALIZER, 2);
              out.writeUInt32NoTag(begin.size() + length);
            });
    ByteString graph =
        message(
            out -> {
              out.writeTag(GRAPH, 2);
              out.writeUInt32NoTag(tensor.size() + begin.size() + length);
            });
    byte[] all = graph.concat(tensor).concat(begin).toByteArray();
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.write(all);
      sparse.setLength((long) all.length + length);
    }

    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    assertRefused();
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(length / 4);
  }

  @Test
  void aTensorOfTooManyDimensionsIsRefused() throws IOException {
    for (int dimensions : new int[] {64, 65}) {
      Fields tensor =
          out -> out.writeBytes(TENSOR_DIMS, packed(Collections.nCopies(dimensions, 1L)));
      Fields initializer = out -> out.writeBytes(INITIALIZER, message(tensor));
      Fields input = out -> out.writeBytes(INPUT, input("sample", dimensions));
      if (dimensions == 64) {
        assertThat(read(initializer).initializers().get("")).hasSize(dimensions);
        assertThat(read(input).inputs().get("sample").shape()).hasSize(dimensions);
      } else {
        assertRefused(initializer);
        assertRefused(input);
      }
    }
  }

  @Test
  void tooManyOfAKindAreRefused() throws IOException {
    int most = 100_000;
    assertThat(read(many(most, INITIALIZER)).initializers()).hasSize(most);
    assertRefused(many(most + 1, INITIALIZER));
    assertRefused(many(most + 1, INPUT));
    ByteString outside = message(out -> out.writeBytes(TENSOR_EXTERNAL, entry("location", "a")));
    assertRefused(
        out -> {
          for (int i = 0; i <= most; i++) {
            out.writeBytes(INITIALIZER, outside);
          }
        });
    assertRefused(
        out ->
            out.writeBytes(
                INITIALIZER,
                message(
                    tensor -> {
                      for (int i = 0; i <= 64; i++) {
                        tensor.writeBytes(TENSOR_EXTERNAL, entry("key " + i, "a"));
                      }
                    })));
  }

  private static Fields many(int count, int field) {
    int nameField = field == INITIALIZER ? TENSOR_NAME : 1;
    return out -> {
      for (int i = 0; i < count; i++) {
        String name = "n" + i;
        out.writeBytes(field, message(each -> each.writeString(nameField, name)));
      }
    };
  }

  private void assertRefused(Fields graph) throws IOException {
    Files.write(file, message(out -> out.writeBytes(GRAPH, message(graph))).toByteArray());
    assertRefused();
  }

  private void assertRefused() {
    assertThatThrownBy(() -> OnnxGraph.read(file))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessage("unet/model.onnx is no ONNX model");
  }
}
