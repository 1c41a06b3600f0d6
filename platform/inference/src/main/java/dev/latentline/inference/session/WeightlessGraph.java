package dev.latentline.inference.session;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import dev.latentline.inference.safetensors.StoredType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An ONNX graph whose weights are kept elsewhere: initializers with external data. Only what
 * concerns them is read; all else is carried over byte by byte. Field numbers are those of
 * onnx.proto (ONNX 1.23, IR version 8 and later).
 */
final class WeightlessGraph {
  private static final int MODEL_GRAPH = 7;
  private static final int GRAPH_NODE = 1;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int TENSOR_DIMS = 1;
  private static final int TENSOR_TYPE = 2;
  private static final int TENSOR_NAME = 8;
  private static final int TENSOR_EXTERNAL_DATA = 13;
  private static final int TENSOR_LOCATION = 14;
  private static final int EXTERNAL = 1;

  private static final int FLOAT = 1;
  private static final int FLOAT16 = 10;
  private static final int BFLOAT16 = 16;

  /** Behind the name of a weight that is stored in another type than it is computed in. */
  static final String STORED = "/stored";

  private final byte[] model;
  private final List<Weight> weights;

  /**
   * A weight that the graph wants.
   *
   * @param shape of its elements, which are computed in fp32
   */
  record Weight(String name, List<Long> shape) {
    Weight {
      shape = List.copyOf(shape);
    }
  }

  private WeightlessGraph(byte[] model, List<Weight> weights) {
    this.model = model;
    this.weights = List.copyOf(weights);
  }

  /**
   * @throws IOException when the bytes are no ONNX model
   */
  static WeightlessGraph of(byte[] model) throws IOException {
    List<Weight> weights = new ArrayList<>();
    for (Field field : fields(model)) {
      if (field.number == MODEL_GRAPH) {
        for (Field part : fields(field.bytes)) {
          if (part.number == GRAPH_INITIALIZER) {
            Weight weight = external(part.bytes);
            if (weight != null) {
              weights.add(weight);
            }
          }
        }
      }
    }
    return new WeightlessGraph(model, weights);
  }

  List<Weight> weights() {
    return weights;
  }

  /**
   * The graph with its weights in the types that they are stored in, each widened to fp32 before it
   * is used, which ONNX Runtime does once, when it loads. Weights in another type than fp32 are
   * asked for by their name and {@link #STORED}.
   *
   * @param types by weight
   * @param shapes by weight: its own, or one with more rows
   */
  byte[] taking(Map<String, StoredType> types, Map<String, List<Long>> shapes) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(model.length + 64 * 1024);
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    for (Field field : fields(model)) {
      if (field.number == MODEL_GRAPH) {
        out.writeByteArray(MODEL_GRAPH, graph(field.bytes, types, shapes));
      } else {
        field.write(out);
      }
    }
    out.flush();
    return bytes.toByteArray();
  }

  private static byte[] graph(
      byte[] graph, Map<String, StoredType> types, Map<String, List<Long>> shapes)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(graph.length + 64 * 1024);
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    // nodes come in the order in which they can be computed
    for (Map.Entry<String, StoredType> weight : types.entrySet()) {
      if (weight.getValue() != StoredType.F32) {
        out.writeByteArray(GRAPH_NODE, cast(weight.getKey() + STORED, weight.getKey(), FLOAT));
      }
    }
    for (Field part : fields(graph)) {
      Weight weight = part.number == GRAPH_INITIALIZER ? external(part.bytes) : null;
      if (weight == null) {
        part.write(out);
      } else {
        Weight taken = new Weight(weight.name(), shapes.get(weight.name()));
        out.writeByteArray(GRAPH_INITIALIZER, initializer(taken, types.get(weight.name())));
      }
    }
    out.flush();
    return bytes.toByteArray();
  }

  /**
   * A node that casts.
   *
   * @param type to which, of TensorProto.DataType
   */
  static byte[] cast(String input, String output, int type) throws IOException {
    byte[] to =
        message(
            out -> {
              out.writeString(1, "to");
              out.writeInt64(3, type);
              // AttributeProto.INT
              out.writeEnum(20, 2);
            });
    return message(
        out -> {
          out.writeString(1, input);
          out.writeString(2, output);
          out.writeString(3, output + "/cast");
          out.writeString(4, "Cast");
          out.writeByteArray(5, to);
        });
  }

  private static byte[] initializer(Weight weight, StoredType type) throws IOException {
    byte[] nowhere =
        message(
            out -> {
              out.writeString(1, "location");
              out.writeString(2, "weights");
            });
    return message(
        out -> {
          for (long side : weight.shape()) {
            out.writeInt64(TENSOR_DIMS, side);
          }
          out.writeInt32(TENSOR_TYPE, onnxType(type));
          out.writeString(TENSOR_NAME, storedName(weight.name(), type));
          out.writeByteArray(TENSOR_EXTERNAL_DATA, nowhere);
          out.writeEnum(TENSOR_LOCATION, EXTERNAL);
        });
  }

  /** The name by which the graph of {@link #taking} asks for a weight. */
  static String storedName(String weight, StoredType type) {
    return type == StoredType.F32 ? weight : weight + STORED;
  }

  private static int onnxType(StoredType type) {
    return switch (type) {
      case F32 -> FLOAT;
      case F16 -> FLOAT16;
      case BF16 -> BFLOAT16;
      default -> throw new IllegalArgumentException("weights are no " + type);
    };
  }

  /** The weight that an initializer stands for, or null when the graph holds its data itself. */
  private static Weight external(byte[] initializer) throws IOException {
    String name = "";
    List<Long> shape = new ArrayList<>();
    boolean external = false;
    for (Field field : fields(initializer)) {
      switch (field.number) {
        case TENSOR_DIMS -> shape.addAll(field.integers());
        case TENSOR_NAME -> name = ByteString.copyFrom(field.bytes).toStringUtf8();
        case TENSOR_LOCATION -> external = field.integers().get(0) == EXTERNAL;
        default -> {
          // of no concern here
        }
      }
    }
    return external ? new Weight(name, shape) : null;
  }

  @FunctionalInterface
  interface Writer {
    void write(CodedOutputStream out) throws IOException;
  }

  /** The bytes of a protobuf message. */
  static byte[] message(Writer writer) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    writer.write(out);
    out.flush();
    return bytes.toByteArray();
  }

  private static List<Field> fields(byte[] message) throws IOException {
    List<Field> fields = new ArrayList<>();
    CodedInputStream in = CodedInputStream.newInstance(message);
    while (!in.isAtEnd()) {
      int tag = in.readTag();
      int number = WireFormat.getTagFieldNumber(tag);
      int wire = WireFormat.getTagWireType(tag);
      fields.add(
          switch (wire) {
            case WireFormat.WIRETYPE_VARINT -> new Field(number, wire, in.readRawVarint64(), null);
            case WireFormat.WIRETYPE_FIXED64 ->
                new Field(number, wire, in.readRawLittleEndian64(), null);
            case WireFormat.WIRETYPE_FIXED32 ->
                new Field(number, wire, in.readRawLittleEndian32(), null);
            case WireFormat.WIRETYPE_LENGTH_DELIMITED ->
                new Field(number, wire, 0, in.readByteArray());
            default -> throw new IOException("a field of an unknown kind");
          });
    }
    return fields;
  }

  /** One field of a message: a number, or bytes. */
  private record Field(int number, int wire, long value, byte[] bytes) {
    void write(CodedOutputStream out) throws IOException {
      switch (wire) {
        case WireFormat.WIRETYPE_VARINT -> out.writeUInt64(number, value);
        case WireFormat.WIRETYPE_FIXED64 -> out.writeFixed64(number, value);
        case WireFormat.WIRETYPE_FIXED32 -> out.writeFixed32(number, (int) value);
        default -> out.writeByteArray(number, bytes);
      }
    }

    /** One number, or several that are packed. */
    List<Long> integers() throws IOException {
      if (wire == WireFormat.WIRETYPE_VARINT) {
        return List.of(value);
      }
      List<Long> values = new ArrayList<>();
      CodedInputStream in = CodedInputStream.newInstance(bytes);
      while (!in.isAtEnd()) {
        values.add(in.readInt64());
      }
      return values;
    }
  }
}
