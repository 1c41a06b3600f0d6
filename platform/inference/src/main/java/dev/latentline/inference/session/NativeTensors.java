package dev.latentline.inference.session;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtSession;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * What a graph gave, where ONNX Runtime has it, to be put into another graph without a copy in the
 * heap. Takes native memory until closed.
 */
public final class NativeTensors implements AutoCloseable {
  private final List<OrtSession.Result> results;
  private final Map<String, OnnxTensor> byName = new LinkedHashMap<>();

  private NativeTensors(List<OrtSession.Result> results) {
    this.results = List.copyOf(results);
  }

  /** All that a run gave, by output. */
  static NativeTensors of(OrtSession.Result result) {
    NativeTensors tensors = new NativeTensors(List.of(result));
    for (Map.Entry<String, OnnxValue> output : result) {
      tensors.byName.put(output.getKey(), (OnnxTensor) output.getValue());
    }
    return tensors;
  }

  /** What several runs of one output gave. */
  static NativeTensors of(Map<String, OrtSession.Result> results) {
    NativeTensors tensors = new NativeTensors(List.copyOf(results.values()));
    results.forEach((name, result) -> tensors.byName.put(name, (OnnxTensor) result.get(0)));
    return tensors;
  }

  /** None. */
  public static NativeTensors none() {
    return new NativeTensors(List.of());
  }

  /** Their names: those of the outputs that they were. */
  public Set<String> names() {
    return Collections.unmodifiableSet(byName.keySet());
  }

  /** The same under other names: closed with these, or these with it. */
  public NativeTensors named(UnaryOperator<String> name) {
    NativeTensors named = new NativeTensors(results);
    byName.forEach((was, tensor) -> named.byName.put(name.apply(was), tensor));
    return named;
  }

  Map<String, OnnxTensor> byName() {
    return byName;
  }

  @Override
  public void close() {
    results.forEach(OrtSession.Result::close);
  }
}
