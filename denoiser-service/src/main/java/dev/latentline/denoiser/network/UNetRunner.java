package dev.latentline.denoiser.network;

import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;

/** A denoising network, loaded. Thread-safe. */
public final class UNetRunner implements NoisePredictor, AutoCloseable {
  private static final String SAMPLE = "sample";
  private static final String TIMESTEP = "timestep";
  private static final String CONTEXT = "encoder_hidden_states";
  private static final String OUTPUT = "out_sample";
  private static final Set<String> INPUTS = Set.of(SAMPLE, TIMESTEP, CONTEXT);
  private static final Set<String> OF_TEXTS = Set.of(AddedInputs.TEXT_EMBEDS);
  private static final Set<String> OF_SIZES = Set.of(AddedInputs.TEXT_EMBEDS, AddedInputs.TIME_IDS);

  private final ModelSession session;

  /** Those that not every network has. */
  private final Set<String> added;

  private final Supplier<BatchSizes> sizes;

  /** As graphs of other exporters do. */
  private final boolean takesOneTimestep;

  /**
   * @param session closed with this one
   * @param sizes the batches that the network is run with; asked at each call
   * @throws IllegalArgumentException when the graph has not the inputs and outputs of a U-Net as
   *     diffusers exports it
   */
  public UNetRunner(ModelSession session, Supplier<BatchSizes> sizes) {
    Set<String> inputs = session.inputs().keySet();
    added = new TreeSet<>(inputs);
    added.removeAll(INPUTS);
    if (!inputs.containsAll(INPUTS) || !isKnown(added) || !session.outputs().contains(OUTPUT)) {
      session.close();
      throw new IllegalArgumentException(
          "a U-Net takes "
              + INPUTS
              + ", maybe "
              + OF_SIZES
              + " and "
              + AddedInputs.TIMESTEP_COND
              + " or "
              + AddedInputs.GUIDANCE
              + ", and gives "
              + OUTPUT
              + "; this graph has others");
    }
    this.session = session;
    this.sizes = sizes;
    long[] timestep = session.inputShape(TIMESTEP);
    takesOneTimestep = timestep.length == 0 || timestep[0] == 1;
  }

  private static boolean isKnown(Set<String> added) {
    Set<String> others = new TreeSet<>(added);
    others.remove(AddedInputs.TIMESTEP_COND);
    others.remove(AddedInputs.GUIDANCE);
    return others.isEmpty() || others.equals(OF_TEXTS) || others.equals(OF_SIZES);
  }

  /**
   * Timesteps are rounded where the graph takes integers. Of a graph that takes one timestep for
   * all rows, calls with different ones are run one by one.
   */
  @Override
  public List<float[]> predict(List<NetworkCall> calls, RunStop stop) {
    if (takesOneTimestep
        && calls.stream().mapToDouble(NetworkCall::timestep).distinct().count() > 1) {
      return calls.stream().map(call -> run(List.of(call), stop).get(0)).toList();
    }
    return run(calls, stop);
  }

  private List<float[]> run(List<NetworkCall> calls, RunStop stop) {
    int rows = calls.stream().mapToInt(NetworkCall::rows).sum();
    int batch = calls.get(0).fixedBatch() ? sizes.get().fixed(rows) : sizes.get().padded(rows);
    Map<String, DenseTensor> values = new HashMap<>();
    values.put(SAMPLE, inputs(calls, batch));
    values.put(TIMESTEP, timesteps(calls, batch));
    values.put(CONTEXT, oneAfterTheOther(calls, batch, NetworkCall::contexts));
    for (String input : added) {
      values.put(
          input, oneAfterTheOther(calls, batch, c -> c.added().orElseThrow().byInput().get(input)));
    }
    float[] answers = session.run(values, OUTPUT, stop).data();
    if (calls.size() == 1 && batch == rows) {
      return List.of(answers);
    }
    List<float[]> parts = new ArrayList<>(calls.size());
    int elements = answers.length / batch;
    int at = 0;
    for (NetworkCall call : calls) {
      int end = at + call.rows() * elements;
      parts.add(Arrays.copyOfRange(answers, at, end));
      at = end;
    }
    return parts;
  }

  /** Each call's input once for each of its rows; what fills the batch up is zero. */
  private static FloatTensor inputs(List<NetworkCall> calls, int batch) {
    FloatTensor first = calls.get(0).input();
    if (batch == 1) {
      return first;
    }
    int elements = first.data().length;
    float[] all = new float[batch * elements];
    int row = 0;
    for (NetworkCall call : calls) {
      for (int i = 0; i < call.rows(); i++) {
        System.arraycopy(call.input().data(), 0, all, row++ * elements, elements);
      }
    }
    return new FloatTensor(withBatch(first.shape(), batch), all);
  }

  /** What has a row for each of a call's; what fills the batch up is zero. */
  private static FloatTensor oneAfterTheOther(
      List<NetworkCall> calls, int batch, Function<NetworkCall, FloatTensor> of) {
    FloatTensor first = of.apply(calls.get(0));
    if (calls.size() == 1 && calls.get(0).rows() == batch) {
      return first;
    }
    long[] shape = withBatch(first.shape(), batch);
    float[] all = new float[DenseTensor.elements(shape)];
    int at = 0;
    for (NetworkCall call : calls) {
      float[] rows = of.apply(call).data();
      System.arraycopy(rows, 0, all, at, rows.length);
      at += rows.length;
    }
    return new FloatTensor(shape, all);
  }

  private DenseTensor timesteps(List<NetworkCall> calls, int batch) {
    double[] all = new double[takesOneTimestep ? 1 : batch];
    int row = 0;
    for (NetworkCall call : calls) {
      Arrays.fill(all, row, row += takesOneTimestep ? 1 - row : call.rows(), call.timestep());
    }
    long[] shape = takesOneTimestep ? session.inputShape(TIMESTEP) : new long[] {batch};
    if (session.inputs().get(TIMESTEP).isFloating()) {
      float[] values = new float[all.length];
      for (int i = 0; i < all.length; i++) {
        values[i] = (float) all[i];
      }
      return new FloatTensor(shape, values);
    }
    return new LongTensor(shape, Arrays.stream(all).mapToLong(t -> (long) Math.rint(t)).toArray());
  }

  private static long[] withBatch(long[] shape, int batch) {
    long[] batched = shape.clone();
    batched[0] = batch;
    return batched;
  }

  @Override
  public void close() {
    session.close();
  }
}
