package dev.latentline.denoiser.network;

import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Several calls as one of a graph: a row for each answer, one call after the other. What fills the
 * batch up is zero.
 *
 * @param rows of the batch; at least those of the calls
 */
record CallBatch(List<NetworkCall> calls, int rows) {
  static final String SAMPLE = "sample";
  static final String TIMESTEP = "timestep";
  static final String CONTEXT = "encoder_hidden_states";

  static CallBatch of(List<NetworkCall> calls, BatchSizes sizes) {
    int rows = calls.stream().mapToInt(NetworkCall::rows).sum();
    return new CallBatch(calls, calls.get(0).fixedBatch() ? sizes.fixed(rows) : sizes.padded(rows));
  }

  /** As graphs of other exporters do, for all rows. */
  static boolean takesOneTimestep(ModelSession session) {
    long[] timestep = session.inputShape(TIMESTEP);
    return timestep.length == 0 || timestep[0] == 1;
  }

  /** What there is one of for a call, once for each of its rows. */
  FloatTensor repeated(Function<NetworkCall, FloatTensor> of) {
    FloatTensor first = of.apply(calls.get(0));
    if (rows == 1) {
      return first;
    }
    int elements = first.data().length;
    float[] all = new float[rows * elements];
    int row = 0;
    for (NetworkCall call : calls) {
      float[] one = (row == 0 ? first : of.apply(call)).data();
      for (int i = 0; i < call.rows(); i++) {
        System.arraycopy(one, 0, all, row++ * elements, elements);
      }
    }
    return new FloatTensor(withBatch(first.shape()), all);
  }

  /** What has a row for each of a call's. */
  FloatTensor oneAfterTheOther(Function<NetworkCall, FloatTensor> of) {
    FloatTensor first = of.apply(calls.get(0));
    if (calls.size() == 1 && calls.get(0).rows() == rows) {
      return first;
    }
    long[] shape = withBatch(first.shape());
    float[] all = new float[DenseTensor.elements(shape)];
    int at = 0;
    for (NetworkCall call : calls) {
      float[] data = of.apply(call).data();
      System.arraycopy(data, 0, all, at, data.length);
      at += data.length;
    }
    return new FloatTensor(shape, all);
  }

  /** A number of each call, once for each of its rows. */
  float[] ofRows(ToDoubleFunction<NetworkCall> of) {
    float[] all = new float[rows];
    int row = 0;
    for (NetworkCall call : calls) {
      Arrays.fill(all, row, row += call.rows(), (float) of.applyAsDouble(call));
    }
    return all;
  }

  /** Rounded where the graph takes integers. */
  DenseTensor timesteps(ModelSession session) {
    boolean one = takesOneTimestep(session);
    double[] all = new double[one ? 1 : rows];
    int row = 0;
    for (NetworkCall call : calls) {
      Arrays.fill(all, row, row += one ? 1 - row : call.rows(), call.timestep());
    }
    long[] shape = one ? session.inputShape(TIMESTEP) : new long[] {rows};
    if (session.inputs().get(TIMESTEP).isFloating()) {
      float[] values = new float[all.length];
      for (int i = 0; i < all.length; i++) {
        values[i] = (float) all[i];
      }
      return new FloatTensor(shape, values);
    }
    return new LongTensor(shape, Arrays.stream(all).mapToLong(t -> (long) Math.rint(t)).toArray());
  }

  /** For each call its rows of an answer. */
  List<float[]> split(float[] answers) {
    if (calls.size() == 1 && calls.get(0).rows() == rows) {
      return List.of(answers);
    }
    List<float[]> parts = new ArrayList<>(calls.size());
    int elements = answers.length / rows;
    int at = 0;
    for (NetworkCall call : calls) {
      int end = at + call.rows() * elements;
      parts.add(Arrays.copyOfRange(answers, at, end));
      at = end;
    }
    return parts;
  }

  private long[] withBatch(long[] shape) {
    long[] batched = shape.clone();
    batched[0] = rows;
    return batched;
  }
}
