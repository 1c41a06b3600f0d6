package dev.latentline.inference.checkpoint;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an ONNX file says of its graph: inputs, outputs, and where its tensors' data lie outside the
 * file. The data are skipped, so that a file of any size takes little memory. Field numbers are
 * those of onnx.proto (ONNX 1.23).
 */
final class OnnxGraph {
  /** A dimension that is not fixed. */
  static final long ANY = -1;

  /** Graphs hold graphs, in loops and branches; those of models are a few deep. */
  private static final int MAX_DEPTH = 32;

  private static final int MAX_NAME_BYTES = 4096;
  private static final int MAX_DIMENSIONS = 64;

  /** Of what external data are said of one tensor; onnx.proto knows five. */
  private static final int MAX_ENTRIES = 64;

  /** Of initializers; and of inputs, outputs and data outside the file each. */
  private static final int MAX_OF_A_KIND = 100_000;

  private static final int FLOAT = 1;
  private static final int INT32 = 6;
  private static final int INT64 = 7;
  private static final int FLOAT16 = 10;

  private final Map<String, Value> inputs = new LinkedHashMap<>();
  private final Map<String, Value> outputs = new LinkedHashMap<>();
  private final Map<String, List<Long>> initializers = new LinkedHashMap<>();
  private final List<External> external = new ArrayList<>();

  private OnnxGraph() {}

  /**
   * An input or output.
   *
   * @param type of onnx.proto's DataType
   * @param shape {@link #ANY} where a dimension is not fixed
   */
  record Value(int type, List<Long> shape) {
    boolean isFloating() {
      return type == FLOAT || type == FLOAT16;
    }

    boolean isInteger() {
      return type == INT32 || type == INT64;
    }
  }

  /** Data of a tensor outside the file; a length of 0 is all that follows. */
  record External(String tensor, String location, long offset, long length) {}

  /**
   * @throws RefusedCheckpointException when the file is no ONNX model
   */
  static OnnxGraph read(Path file) throws IOException {
    OnnxGraph graph = new OnnxGraph();
    try (InputStream in = Files.newInputStream(file)) {
      CodedInputStream coded = CodedInputStream.newInstance(in, 64 * 1024);
      fields(
          coded,
          (field, message) -> {
            switch (field) {
              case 7 -> message.enter(body -> graph.graph(body, 0));
              case 25 -> message.enter(graph::function);
              default -> message.skip();
            }
          });
    } catch (InvalidProtocolBufferException e) {
      throw new RefusedCheckpointException(
          file.getParent().getFileName() + "/" + file.getFileName() + " is no ONNX model");
    }
    // files of old versions list weights as inputs too
    graph.inputs.keySet().removeAll(graph.initializers.keySet());
    return graph;
  }

  Map<String, Value> inputs() {
    return inputs;
  }

  Map<String, Value> outputs() {
    return outputs;
  }

  /** The shapes of the graph's constants, by name. */
  Map<String, List<Long>> initializers() {
    return initializers;
  }

  List<External> external() {
    return external;
  }

  private void function(CodedInputStream in) throws IOException {
    fields(
        in,
        (field, message) -> {
          switch (field) {
            case 7 -> message.enter(body -> node(body, 1));
            case 11 -> message.enter(body -> attribute(body, 1));
            default -> message.skip();
          }
        });
  }

  private void graph(CodedInputStream in, int depth) throws IOException {
    if (depth > MAX_DEPTH) {
      throw new InvalidProtocolBufferException("graphs too deep in each other");
    }
    boolean outermost = depth == 0;
    fields(
        in,
        (field, message) -> {
          switch (field) {
            case 1 -> message.enter(body -> node(body, depth));
            case 5 -> message.enter(body -> tensor(body, outermost));
            case 15 -> message.enter(this::sparse);
            case 11 ->
                message.enter(body -> value(body, outermost ? inputs : new LinkedHashMap<>()));
            case 12 ->
                message.enter(body -> value(body, outermost ? outputs : new LinkedHashMap<>()));
            default -> message.skip();
          }
        });
  }

  private void node(CodedInputStream in, int depth) throws IOException {
    fields(
        in,
        (field, message) -> {
          if (field == 5) {
            message.enter(body -> attribute(body, depth));
          } else {
            message.skip();
          }
        });
  }

  private void attribute(CodedInputStream in, int depth) throws IOException {
    fields(
        in,
        (field, message) -> {
          switch (field) {
            case 5, 10 -> message.enter(body -> tensor(body, false));
            case 6, 11 -> message.enter(body -> graph(body, depth + 1));
            case 22, 23 -> message.enter(this::sparse);
            default -> message.skip();
          }
        });
  }

  private void sparse(CodedInputStream in) throws IOException {
    fields(
        in,
        (field, message) -> {
          if (field <= 2) {
            message.enter(body -> tensor(body, false));
          } else {
            message.skip();
          }
        });
  }

  private void tensor(CodedInputStream in, boolean isInitializer) throws IOException {
    List<Long> shape = new ArrayList<>();
    String[] name = {""};
    Map<String, String> entries = new LinkedHashMap<>();
    fields(
        in,
        (field, message) -> {
          switch (field) {
            case 1 -> message.integers(side -> add(shape, side, MAX_DIMENSIONS));
            case 8 -> name[0] = message.text();
            case 13 -> message.enter(body -> entry(body, entries));
            default -> message.skip();
          }
        });
    if (isInitializer) {
      put(initializers, name[0], shape, MAX_OF_A_KIND);
    }
    if (!entries.isEmpty()) {
      add(
          external,
          new External(
              name[0],
              entries.getOrDefault("location", ""),
              number(entries, "offset"),
              number(entries, "length")),
          MAX_OF_A_KIND);
    }
  }

  private static <T> void add(List<T> list, T value, int most) throws IOException {
    if (list.size() == most) {
      throw new InvalidProtocolBufferException("more than " + most + " of a kind");
    }
    list.add(value);
  }

  private static <T> void put(Map<String, T> map, String name, T value, int most)
      throws IOException {
    map.put(name, value);
    if (map.size() > most) {
      throw new InvalidProtocolBufferException("more than " + most + " of a kind");
    }
  }

  private static long number(Map<String, String> entries, String key) throws IOException {
    String text = entries.getOrDefault(key, "0");
    if (!text.matches("\\d{1,18}")) {
      throw new InvalidProtocolBufferException(key + " is no number");
    }
    return Long.parseLong(text);
  }

  private static void entry(CodedInputStream in, Map<String, String> entries) throws IOException {
    String[] pair = {"", ""};
    fields(
        in,
        (field, message) -> {
          if (field == 1 || field == 2) {
            pair[field - 1] = message.text();
          } else {
            message.skip();
          }
        });
    put(entries, pair[0], pair[1], MAX_ENTRIES);
  }

  private static void value(CodedInputStream in, Map<String, Value> values) throws IOException {
    String[] name = {""};
    int[] type = {0};
    List<Long> shape = new ArrayList<>();
    fields(
        in,
        (field, message) -> {
          switch (field) {
            case 1 -> name[0] = message.text();
            case 2 -> message.enter(body -> ofType(body, type, shape));
            default -> message.skip();
          }
        });
    put(values, name[0], new Value(type[0], List.copyOf(shape)), MAX_OF_A_KIND);
  }

  /** TypeProto, of which only tensors have a type here. */
  private static void ofType(CodedInputStream in, int[] type, List<Long> shape) throws IOException {
    fields(
        in,
        (field, message) -> {
          if (field != 1) {
            message.skip();
            return;
          }
          message.enter(
              tensor ->
                  fields(
                      tensor,
                      (part, inside) -> {
                        switch (part) {
                          case 1 -> type[0] = (int) inside.integer();
                          case 2 -> inside.enter(body -> dimensions(body, shape));
                          default -> inside.skip();
                        }
                      }));
        });
  }

  private static void dimensions(CodedInputStream in, List<Long> shape) throws IOException {
    fields(
        in,
        (field, message) -> {
          if (field != 1) {
            message.skip();
            return;
          }
          long[] side = {ANY};
          message.enter(
              dimension ->
                  fields(
                      dimension,
                      (part, inside) -> {
                        if (part == 1) {
                          side[0] = inside.integer();
                        } else {
                          inside.skip();
                        }
                      }));
          add(shape, side[0], MAX_DIMENSIONS);
        });
  }

  /** Reads or skips the field that it is given. */
  @FunctionalInterface
  private interface Fields {
    void take(int field, Message message) throws IOException;
  }

  @FunctionalInterface
  private interface Integers {
    void take(long value) throws IOException;
  }

  @FunctionalInterface
  private interface Body {
    void read(CodedInputStream in) throws IOException;
  }

  private static void fields(CodedInputStream in, Fields each) throws IOException {
    while (!in.isAtEnd()) {
      int tag = in.readTag();
      each.take(WireFormat.getTagFieldNumber(tag), new Message(in, tag));
    }
  }

  /** One field where it begins. */
  private record Message(CodedInputStream in, int tag) {
    void skip() throws IOException {
      in.skipField(tag);
    }

    void enter(Body body) throws IOException {
      if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
        throw new InvalidProtocolBufferException("a message was expected");
      }
      int limit = in.pushLimit(in.readRawVarint32());
      body.read(in);
      in.popLimit(limit);
    }

    long integer() throws IOException {
      if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_VARINT) {
        throw new InvalidProtocolBufferException("a number was expected");
      }
      return in.readInt64();
    }

    String text() throws IOException {
      if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
        throw new InvalidProtocolBufferException("a name was expected");
      }
      int length = in.readRawVarint32();
      if (length < 0 || length > MAX_NAME_BYTES) {
        throw new InvalidProtocolBufferException("a name is too long");
      }
      return new String(in.readRawBytes(length), StandardCharsets.UTF_8);
    }

    /** One number, or several that are packed. */
    void integers(Integers each) throws IOException {
      if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT) {
        each.take(integer());
        return;
      }
      enter(
          body -> {
            while (!body.isAtEnd()) {
              each.take(body.readInt64());
            }
          });
    }
  }
}
