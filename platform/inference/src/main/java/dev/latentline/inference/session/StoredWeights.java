package dev.latentline.inference.session;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.latentline.inference.safetensors.InvalidSafetensorsException;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.safetensors.StoredType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A graph that came without weights, and its weights, mapped from a safetensors file that names
 * them as the graph does. They stay mapped until closed, which must be after the session: ONNX
 * Runtime reads those that it need not change where they are.
 */
final class StoredWeights implements AutoCloseable {
  /** A graph without weights is far below. */
  private static final long MAX_GRAPH_BYTES = 64L * 1024 * 1024;

  private final byte[] graph;
  private final Map<String, OnnxTensorLike> tensors;

  private StoredWeights(byte[] graph, Map<String, OnnxTensorLike> tensors) {
    this.graph = graph;
    this.tensors = tensors;
  }

  /**
   * @param changed fp32 in the machine's order that takes the place of stored weights, by weight;
   *     may have more rows
   * @throws GraphFailedException when graph and weights do not belong together: what is missing, or
   *     of another shape, is named; or when there is too little memory for them
   */
  static StoredWeights open(
      OrtEnvironment environment,
      String name,
      Path graph,
      Path weights,
      Map<String, ByteBuffer> changed) {
    // safetensors are little-endian, and ONNX Runtime takes the machine's order
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new GraphFailedException("weights cannot be read on a big-endian machine");
    }
    Map<String, OnnxTensorLike> tensors = new HashMap<>();
    try (SafetensorsFile file = SafetensorsFile.open(weights)) {
      if (Files.size(graph) > MAX_GRAPH_BYTES) {
        throw new GraphFailedException("the graph " + name + " is no graph without weights");
      }
      WeightlessGraph weightless = WeightlessGraph.of(Files.readAllBytes(graph));
      Map<String, StoredType> types = new TreeMap<>();
      Map<String, List<Long>> shapes = new TreeMap<>();
      long bytes = 0;
      for (WeightlessGraph.Weight weight : weightless.weights()) {
        StoredTensor stored = require(name, file, weight);
        ByteBuffer change = changed.get(weight.name());
        StoredType type = change == null ? stored.type() : StoredType.F32;
        types.put(weight.name(), type);
        List<Long> shape = change == null ? weight.shape() : shape(weight, change);
        long elements = shape.stream().reduce(1L, Math::multiplyExact);
        shapes.put(weight.name(), shape);
        tensors.put(
            WeightlessGraph.storedName(weight.name(), type),
            OnnxTensor.createTensor(
                environment,
                change == null ? file.map(stored) : change,
                shape.stream().mapToLong(Long::longValue).toArray(),
                javaType(type)));
        bytes += elements * Float.BYTES;
      }
      FreeMemory.HERE.require(name, bytes);
      return new StoredWeights(weightless.taking(types, shapes), tensors);
    } catch (IOException | OrtException | InvalidSafetensorsException e) {
      close(tensors);
      throw new GraphFailedException("the weights of " + name + " cannot be read", e);
    } catch (RuntimeException e) {
      close(tensors);
      throw e;
    }
  }

  /** What takes the place of a weight may have more rows. */
  private static List<Long> shape(WeightlessGraph.Weight weight, ByteBuffer change) {
    List<Long> shape = new ArrayList<>(weight.shape());
    long row = Float.BYTES * shape.stream().skip(1).reduce(1L, Math::multiplyExact);
    shape.set(0, change.remaining() / row);
    return shape;
  }

  private static StoredTensor require(
      String name, SafetensorsFile file, WeightlessGraph.Weight weight) {
    StoredTensor stored =
        file.find(weight.name())
            .orElseThrow(
                () ->
                    new GraphFailedException(
                        "the weights of " + name + " lack the tensor " + weight.name()));
    if (!stored.shape().equals(weight.shape()) || !stored.type().isWeight()) {
      throw new GraphFailedException(
          "the weights of "
              + name
              + " have the tensor "
              + weight.name()
              + " as "
              + stored.type()
              + stored.shape()
              + " instead of "
              + weight.shape());
    }
    return stored;
  }

  private static OnnxJavaType javaType(StoredType type) {
    return switch (type) {
      case F16 -> OnnxJavaType.FLOAT16;
      case BF16 -> OnnxJavaType.BFLOAT16;
      default -> OnnxJavaType.FLOAT;
    };
  }

  byte[] graph() {
    return graph;
  }

  /** By the names that the graph asks for them with. */
  Map<String, OnnxTensorLike> tensors() {
    return tensors;
  }

  @Override
  public void close() {
    close(tensors);
  }

  private static void close(Map<String, OnnxTensorLike> tensors) {
    tensors.values().forEach(OnnxTensorLike::close);
    // a closed session may be known for long, its mapped pages need not be
    tensors.clear();
  }
}
