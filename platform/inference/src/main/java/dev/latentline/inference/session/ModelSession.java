package dev.latentline.inference.session;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.RunOptions;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.TensorInfo;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A graph, loaded and ready to run. Thread-safe; several runs may be under way at once. Holds
 * native memory until closed; closing waits for the runs under way.
 */
public final class ModelSession implements AutoCloseable {
  private final String name;
  private final OrtSession session;
  private final Map<String, ElementType> inputs;
  private final ReadWriteLock lifetime = new ReentrantReadWriteLock();
  private boolean closed;

  private ModelSession(String name, OrtSession session, Map<String, ElementType> inputs) {
    this.name = name;
    this.session = session;
    this.inputs = Collections.unmodifiableMap(inputs);
  }

  /**
   * Loads a graph. Takes seconds for large ones.
   *
   * @param graph a file that is known to be the one of the manifest
   * @throws GraphFailedException when ONNX Runtime refuses it
   */
  public static ModelSession open(Path graph, SessionSettings settings) {
    String name = graph.getParent().getFileName() + "/" + graph.getFileName();
    try (SessionOptions options = new SessionOptions()) {
      options.setIntraOpNumThreads(settings.intraOpThreads());
      options.setInterOpNumThreads(1);
      options.setDeterministicCompute(true);
      // worker threads that spin after a run take the cores of whoever works next
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      OrtSession session = OrtRuntime.environment().createSession(graph.toString(), options);
      try {
        return new ModelSession(name, session, inputs(session));
      } catch (OrtException | RuntimeException e) {
        session.close();
        throw e;
      }
    } catch (OrtException e) {
      throw new GraphFailedException("the graph " + name + " cannot be loaded", e);
    }
  }

  private static Map<String, ElementType> inputs(OrtSession session) throws OrtException {
    Map<String, ElementType> inputs = new TreeMap<>();
    for (NodeInfo input : session.getInputInfo().values()) {
      if (!(input.getInfo() instanceof TensorInfo tensor)) {
        throw new IllegalArgumentException("input " + input.getName() + " of a graph is no tensor");
      }
      inputs.put(input.getName(), ElementType.of(input.getName(), tensor.type));
    }
    return inputs;
  }

  /** The graph's inputs by name. */
  public Map<String, ElementType> inputs() {
    return inputs;
  }

  /** The names of the graph's outputs. */
  public Set<String> outputs() {
    return session.getOutputNames();
  }

  /** {@link #run(Map, String, RunStop)} of the graph's only output, to its end. */
  public FloatTensor run(Map<String, ? extends DenseTensor> values) {
    if (outputs().size() != 1) {
      throw new IllegalStateException(name + " has several outputs: " + outputs());
    }
    return run(values, outputs().iterator().next(), new RunStop());
  }

  /**
   * Runs the graph.
   *
   * @param values for each input a tensor; converted to the input's type (fp32 to fp16 rounds to
   *     the nearest)
   * @param output which output to compute; fp16 is widened
   * @param stop ends the run early
   * @throws RunStoppedException when stop did so
   * @throws GraphFailedException when ONNX Runtime fails: shapes that do not fit, no memory
   * @throws IllegalArgumentException when an input is missing or unknown, or gets fractions where
   *     it takes integers
   */
  public FloatTensor run(Map<String, ? extends DenseTensor> values, String output, RunStop stop) {
    if (!values.keySet().equals(inputs.keySet())) {
      throw new IllegalArgumentException(
          name + " takes " + inputs.keySet() + ", not " + new TreeMap<>(values).keySet());
    }
    lifetime.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException(name + " is closed");
      }
      return runOpen(values, output, stop);
    } finally {
      lifetime.readLock().unlock();
    }
  }

  private FloatTensor runOpen(
      Map<String, ? extends DenseTensor> values, String output, RunStop stop) {
    Map<String, OnnxTensor> bound = new HashMap<>();
    try (RunOptions options = new RunOptions()) {
      for (Map.Entry<String, ? extends DenseTensor> value : values.entrySet()) {
        String input = value.getKey();
        bound.put(input, inputs.get(input).bind(OrtRuntime.environment(), value.getValue()));
      }
      stop.enter(options);
      try (OrtSession.Result result = session.run(bound, Set.of(output), options)) {
        OnnxTensor tensor = (OnnxTensor) result.get(0);
        return new FloatTensor(tensor.getInfo().getShape(), tensor.getFloatBuffer().array());
      } finally {
        stop.leave(options);
      }
    } catch (OrtException e) {
      if (stop.stopped()) {
        throw new RunStoppedException();
      }
      throw new GraphFailedException("the graph " + name + " failed", e);
    } finally {
      bound.values().forEach(OnnxTensor::close);
    }
  }

  @Override
  public void close() {
    lifetime.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        session.close();
      }
    } catch (OrtException e) {
      throw new GraphFailedException("the graph " + name + " cannot be closed", e);
    } finally {
      lifetime.writeLock().unlock();
    }
  }
}
