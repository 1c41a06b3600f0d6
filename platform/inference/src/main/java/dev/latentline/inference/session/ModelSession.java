package dev.latentline.inference.session;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.RunOptions;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.TensorInfo;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A graph, loaded and ready to run. Thread-safe; several runs may be under way at once. Holds
 * native memory until closed; closing waits for the runs under way.
 */
public final class ModelSession implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ModelSession.class.getName());

  private final String name;
  private final Device device;
  private final OrtSession session;
  private final Map<String, ElementType> inputs;
  private final Map<String, long[]> shapes = new HashMap<>();
  private final Optional<StoredWeights> weights;

  /** On a GPU the first run tells what it did on the CPU. */
  private final AtomicBoolean profiled;

  private final ReadWriteLock lifetime = new ReentrantReadWriteLock();
  private boolean closed;

  private ModelSession(
      String name,
      Device device,
      OrtSession session,
      Map<String, TensorInfo> inputs,
      Optional<StoredWeights> weights) {
    this.name = name;
    this.device = device;
    this.profiled = new AtomicBoolean(device.isCuda());
    this.session = session;
    Map<String, ElementType> types = new TreeMap<>();
    inputs.forEach(
        (input, tensor) -> {
          types.put(input, ElementType.of(input, tensor.type));
          shapes.put(input, tensor.getShape());
        });
    this.inputs = Collections.unmodifiableMap(types);
    this.weights = weights;
  }

  /** {@link #open(Path, Optional, SessionSettings)} of a graph that has its weights in it. */
  public static ModelSession open(Path graph, SessionSettings settings) {
    return open(graph, Optional.empty(), settings);
  }

  /**
   * Loads a graph. Takes seconds for large ones.
   *
   * @param graph a file that is known to be the one of the manifest
   * @param weights likewise a safetensors file, for a graph that came without
   * @throws DeviceUnavailableException when the settings' device cannot be used
   * @throws OutOfDeviceMemoryException when the weights do not fit
   * @throws GraphFailedException when ONNX Runtime refuses it, or the weights are not the graph's
   */
  public static ModelSession open(Path graph, Optional<Path> weights, SessionSettings settings) {
    return open(graph, weights, Map.of(), settings);
  }

  /**
   * {@link #open(Path, Optional, SessionSettings)} with some of the weights changed.
   *
   * @param changed fp32 in the machine's order, by weight; must be direct; may have more rows
   */
  public static ModelSession open(
      Path graph,
      Optional<Path> weights,
      Map<String, ByteBuffer> changed,
      SessionSettings settings) {
    String name = graph.getParent().getFileName() + "/" + graph.getFileName();
    // before the options: the CUDA provider's are read with the environment's logger
    OrtEnvironment environment = OrtRuntime.environment();
    Optional<StoredWeights> stored =
        weights.map(file -> StoredWeights.open(environment, name, graph, file, changed));
    try (SessionOptions options = options(settings)) {
      OrtSession session;
      if (stored.isPresent()) {
        options.addExternalInitializers(stored.get().tensors());
        session = environment.createSession(stored.get().graph(), options);
      } else {
        session = environment.createSession(graph.toString(), options);
      }
      try {
        return new ModelSession(name, settings.device(), session, inputs(session), stored);
      } catch (OrtException | RuntimeException e) {
        session.close();
        throw e;
      }
    } catch (OrtException e) {
      stored.ifPresent(StoredWeights::close);
      throw failure("the graph " + name + " cannot be loaded", e);
    } catch (RuntimeException e) {
      stored.ifPresent(StoredWeights::close);
      throw e;
    }
  }

  /**
   * About what a session takes of memory: its weights as they are computed with.
   *
   * @param weights of a graph that came without
   */
  public static long bytes(Path weights) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(weights)) {
      return Float.BYTES * file.tensors().values().stream().mapToLong(StoredTensor::elements).sum();
    }
  }

  /**
   * Refuses a graph that has its weights in it, or in files beside it that it names, where these
   * cannot fit; weights of a graph that came without are counted where it is opened.
   *
   * @param weightBytes of all of these files
   * @throws NotEnoughMemoryException when there is not enough to load them, with both figures
   */
  public static void requireMemory(String graph, long weightBytes) {
    FreeMemory.HERE.require(graph, weightBytes);
  }

  private static SessionOptions options(SessionSettings settings) throws OrtException {
    SessionOptions options = new SessionOptions();
    try {
      options.setIntraOpNumThreads(settings.intraOpThreads());
      options.setInterOpNumThreads(1);
      options.setDeterministicCompute(true);
      // worker threads that spin after a run take the cores of whoever works next
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      if (settings.device().isCuda()) {
        CudaProvider.add(options, settings);
        NodePlacement.begin(options);
      }
      return options;
    } catch (OrtException | RuntimeException e) {
      options.close();
      throw e;
    }
  }

  static GraphFailedException failure(String message, OrtException e) {
    return OutOfDeviceMemoryException.isMeantBy(e.getMessage())
        ? new OutOfDeviceMemoryException(message + ": the device's memory is full", e)
        : new GraphFailedException(message, e);
  }

  private static Map<String, TensorInfo> inputs(OrtSession session) throws OrtException {
    Map<String, TensorInfo> inputs = new TreeMap<>();
    for (NodeInfo input : session.getInputInfo().values()) {
      if (!(input.getInfo() instanceof TensorInfo tensor)) {
        throw new IllegalArgumentException("input " + input.getName() + " of a graph is no tensor");
      }
      inputs.put(input.getName(), tensor);
    }
    return inputs;
  }

  /** The graph's inputs by name. */
  public Map<String, ElementType> inputs() {
    return inputs;
  }

  /**
   * The shape of an input as the graph states it; -1 where a dimension is not fixed.
   *
   * @throws IllegalArgumentException when there is no such input
   */
  public long[] inputShape(String input) {
    if (!shapes.containsKey(input)) {
      throw new IllegalArgumentException(name + " has no input " + input);
    }
    return shapes.get(input).clone();
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
   * @throws OutOfDeviceMemoryException when the device has no memory for inputs of this size
   * @throws GraphFailedException when ONNX Runtime fails: shapes that do not fit together
   * @throws IllegalArgumentException when an input is missing or unknown, or gets fractions where
   *     it takes integers
   */
  public FloatTensor run(Map<String, ? extends DenseTensor> values, String output, RunStop stop) {
    return run(values, Set.of(output), stop).get(output);
  }

  /** {@link #run(Map, String, RunStop)} of several outputs at once, by name. */
  public Map<String, FloatTensor> run(
      Map<String, ? extends DenseTensor> values, Set<String> wanted, RunStop stop) {
    return run(values, NativeTensors.none(), wanted, stop);
  }

  /**
   * {@link #run(Map, String, RunStop)} with some of the inputs as other graphs gave them.
   *
   * @param given by input, of its type; they stay the caller's
   */
  public FloatTensor run(
      Map<String, ? extends DenseTensor> values, NativeTensors given, String output, RunStop stop) {
    return run(values, given, Set.of(output), stop).get(output);
  }

  private Map<String, FloatTensor> run(
      Map<String, ? extends DenseTensor> values,
      NativeTensors given,
      Set<String> wanted,
      RunStop stop) {
    try (NativeTensors results = call(values, given, wanted, stop)) {
      Map<String, FloatTensor> outputs = new HashMap<>();
      results
          .byName()
          .forEach(
              (output, tensor) ->
                  outputs.put(
                      output, new FloatTensor(tensor.getInfo().getShape(), floats(tensor))));
      return outputs;
    }
  }

  /**
   * {@link #run(Map, String, RunStop)} of all outputs, which stay where ONNX Runtime has them.
   *
   * @return by output, in the types of the graph; the caller closes them
   */
  public NativeTensors runNatively(Map<String, ? extends DenseTensor> values, RunStop stop) {
    return call(values, NativeTensors.none(), outputs(), stop);
  }

  private NativeTensors call(
      Map<String, ? extends DenseTensor> values,
      NativeTensors given,
      Set<String> wanted,
      RunStop stop) {
    Set<String> all = new TreeSet<>(values.keySet());
    all.addAll(given.names());
    if (!all.equals(inputs.keySet())) {
      throw new IllegalArgumentException(name + " takes " + inputs.keySet() + ", not " + all);
    }
    lifetime.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException(name + " is closed");
      }
      return callOpen(values, given, wanted, stop);
    } finally {
      lifetime.readLock().unlock();
    }
  }

  private NativeTensors callOpen(
      Map<String, ? extends DenseTensor> values,
      NativeTensors given,
      Set<String> wanted,
      RunStop stop) {
    Map<String, OnnxTensor> bound = new HashMap<>();
    try (RunOptions options = new RunOptions()) {
      for (Map.Entry<String, ? extends DenseTensor> value : values.entrySet()) {
        String input = value.getKey();
        bound.put(input, inputs.get(input).bind(OrtRuntime.environment(), value.getValue()));
      }
      Map<String, OnnxTensor> all = new HashMap<>(bound);
      all.putAll(given.byName());
      OrtSession.Result result;
      stop.enter(options);
      try {
        result = session.run(all, wanted, options);
      } finally {
        stop.leave(options);
      }
      NativeTensors results = NativeTensors.of(result);
      try {
        tellWhatRanOnTheCpu();
      } catch (OrtException | RuntimeException e) {
        results.close();
        throw e;
      }
      return results;
    } catch (OrtException e) {
      if (stop.stopped()) {
        throw new RunStoppedException();
      }
      throw failure("the graph " + name + " failed", e);
    } finally {
      bound.values().forEach(OnnxTensor::close);
    }
  }

  /** A copy already; what was widened from fp16 comes in a direct buffer. */
  private static float[] floats(OnnxTensor tensor) {
    FloatBuffer buffer = tensor.getFloatBuffer();
    if (buffer.hasArray()) {
      return buffer.array();
    }
    float[] values = new float[buffer.remaining()];
    buffer.get(values);
    return values;
  }

  private void tellWhatRanOnTheCpu() throws OrtException {
    if (profiled.compareAndSet(true, false)) {
      Set<String> operators = NodePlacement.end(session);
      if (!operators.isEmpty()) {
        LOG.log(
            System.Logger.Level.WARNING,
            "{0} of the graph {1} run on the CPU although it was to run on {2}: this is slow",
            operators,
            name,
            device);
      }
    }
  }

  @Override
  public void close() {
    lifetime.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        session.close();
        weights.ifPresent(StoredWeights::close);
      }
    } catch (OrtException e) {
      throw new GraphFailedException("the graph " + name + " cannot be closed", e);
    } finally {
      lifetime.writeLock().unlock();
    }
  }
}
