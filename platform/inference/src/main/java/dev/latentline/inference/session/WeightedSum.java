package dev.latentline.inference.session;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Adds up what several graphs gave, each row times a weight, in ONNX Runtime's own memory: what
 * ControlNets say to one large picture is larger than a heap. Computed in fp32, in the order of the
 * terms.
 */
public final class WeightedSum {
  /** By the types of the terms and of the sum. Small and few: they stay for good. */
  private static final Map<List<OnnxJavaType>, OrtSession> SESSIONS = new ConcurrentHashMap<>();

  private static final String SUM = "sum";
  private static final int IR_VERSION = 8;
  private static final int OPSET = 17;

  /** TensorProto.DataType. */
  private static final int FLOAT = 1;

  private static final int FLOAT16 = 10;

  private WeightedSum() {}

  /**
   * For each name that is wanted, the sum of the terms that have it.
   *
   * @param terms those of one name have one shape, whose first side is that of the rows; they stay
   *     the caller's
   * @param weights for each term those of its rows
   * @param as which sums are wanted, and in which types
   * @return by name, without those of no terms; the caller closes them
   * @throws GraphFailedException when shapes do not fit together, or memory lacks
   */
  public static NativeTensors of(
      List<NativeTensors> terms, List<float[]> weights, Map<String, ElementType> as) {
    Map<String, OrtSession.Result> sums = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, ElementType> wanted : as.entrySet()) {
        String name = wanted.getKey();
        List<OnnxTensor> ofName = new ArrayList<>();
        List<float[]> weightsOfName = new ArrayList<>();
        for (int i = 0; i < terms.size(); i++) {
          if (terms.get(i).names().contains(name)) {
            ofName.add(terms.get(i).byName().get(name));
            weightsOfName.add(weights.get(i));
          }
        }
        if (!ofName.isEmpty()) {
          sums.put(name, of(ofName, weightsOfName, wanted.getValue()));
        }
      }
      return NativeTensors.of(sums);
    } catch (OrtException e) {
      sums.values().forEach(OrtSession.Result::close);
      throw ModelSession.failure("tensors cannot be added up", e);
    } catch (RuntimeException e) {
      sums.values().forEach(OrtSession.Result::close);
      throw e;
    }
  }

  private static OrtSession.Result of(List<OnnxTensor> terms, List<float[]> weights, ElementType as)
      throws OrtException {
    OrtEnvironment environment = OrtRuntime.environment();
    List<OnnxJavaType> types = new ArrayList<>();
    terms.forEach(term -> types.add(term.getInfo().type));
    types.add(as.type());
    Map<String, OnnxTensor> inputs = new HashMap<>();
    List<OnnxTensor> ofWeights = new ArrayList<>();
    try {
      for (int i = 0; i < terms.size(); i++) {
        long[] shape = new long[terms.get(i).getInfo().getShape().length];
        Arrays.fill(shape, 1);
        shape[0] = weights.get(i).length;
        FloatBuffer rows = FloatBuffer.wrap(weights.get(i));
        ofWeights.add(OnnxTensor.createTensor(environment, rows, shape));
        inputs.put(term(i), terms.get(i));
        inputs.put(weight(i), ofWeights.get(i));
      }
      return SESSIONS.computeIfAbsent(types, WeightedSum::open).run(inputs, Set.of(SUM));
    } finally {
      ofWeights.forEach(OnnxTensor::close);
    }
  }

  private static OrtSession open(List<OnnxJavaType> types) {
    try (SessionOptions options = new SessionOptions()) {
      // as fast as memory is
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      // an arena would keep the memory of the largest sum
      options.setCPUArenaAllocator(false);
      return OrtRuntime.environment().createSession(model(types), options);
    } catch (OrtException e) {
      throw new GraphFailedException("the graph of a sum cannot be loaded", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String term(int i) {
    return "term_" + i;
  }

  private static String weight(int i) {
    return "weight_" + i;
  }

  /** Field numbers are those of onnx.proto (ONNX 1.23). */
  private static byte[] model(List<OnnxJavaType> types) throws IOException {
    int terms = types.size() - 1;
    byte[] graph =
        WeightlessGraph.message(
            out -> {
              List<String> weighted = new ArrayList<>();
              for (int i = 0; i < terms; i++) {
                weighted.add("weighted_" + i);
                // left out by ONNX Runtime where it changes nothing
                out.writeByteArray(1, WeightlessGraph.cast(term(i), "wide_" + i, FLOAT));
                out.writeByteArray(
                    1, node("Mul", List.of("wide_" + i, weight(i)), weighted.get(i)));
              }
              out.writeByteArray(1, node("Sum", weighted, "total"));
              out.writeByteArray(1, WeightlessGraph.cast("total", SUM, onnxType(types.get(terms))));
              out.writeString(2, "weighted_sum");
              for (int i = 0; i < terms; i++) {
                out.writeByteArray(11, value(term(i), onnxType(types.get(i))));
                out.writeByteArray(11, value(weight(i), FLOAT));
              }
              out.writeByteArray(12, value(SUM, onnxType(types.get(terms))));
            });
    return WeightlessGraph.message(
        out -> {
          out.writeInt64(1, IR_VERSION);
          out.writeByteArray(7, graph);
          out.writeByteArray(8, WeightlessGraph.message(opset -> opset.writeInt64(2, OPSET)));
        });
  }

  private static int onnxType(OnnxJavaType type) {
    return switch (type) {
      case FLOAT -> FLOAT;
      case FLOAT16 -> FLOAT16;
      default -> throw new IllegalArgumentException("there are no sums of " + type);
    };
  }

  private static byte[] node(String operator, List<String> inputs, String output)
      throws IOException {
    return WeightlessGraph.message(
        out -> {
          for (String input : inputs) {
            out.writeString(1, input);
          }
          out.writeString(2, output);
          out.writeString(3, output);
          out.writeString(4, operator);
        });
  }

  /** Of any shape. */
  private static byte[] value(String name, int type) throws IOException {
    byte[] tensor = WeightlessGraph.message(out -> out.writeInt32(1, type));
    return WeightlessGraph.message(
        out -> {
          out.writeString(1, name);
          out.writeByteArray(2, WeightlessGraph.message(of -> of.writeByteArray(1, tensor)));
        });
  }
}
