package dev.latentline.denoiser.network;

import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/** A denoising network, loaded. Thread-safe. */
public final class UNetRunner implements AutoCloseable {
  private static final String SAMPLE = "sample";
  private static final String TIMESTEP = "timestep";
  private static final String CONTEXT = "encoder_hidden_states";
  private static final String OUTPUT = "out_sample";
  private static final Set<String> INPUTS = Set.of(SAMPLE, TIMESTEP, CONTEXT);

  private final ModelSession session;

  /**
   * @param session closed with this one
   * @throws IllegalArgumentException when the graph is no U-Net as diffusers exports it
   */
  public UNetRunner(ModelSession session) {
    if (!session.inputs().keySet().equals(INPUTS) || !session.outputs().contains(OUTPUT)) {
      session.close();
      throw new IllegalArgumentException(
          "a U-Net takes " + INPUTS + " and gives " + OUTPUT + ", this graph has others");
    }
    this.session = session;
  }

  /**
   * What the network predicts for one picture, once for each context, in one call.
   *
   * @param input [1, channels, height, width], of unit variance
   * @param timestep rounded where the graph takes integers
   * @param contexts [batch, rows, width]
   * @return [batch, channels, height, width]
   */
  public FloatTensor predict(
      FloatTensor input, double timestep, FloatTensor contexts, RunStop stop) {
    int batch = (int) contexts.shape()[0];
    return session.run(
        Map.of(
            SAMPLE, repeated(input, batch),
            TIMESTEP, timesteps(timestep, batch),
            CONTEXT, contexts),
        OUTPUT,
        stop);
  }

  private DenseTensor timesteps(double timestep, int batch) {
    long[] shape = {batch};
    if (session.inputs().get(TIMESTEP).isFloating()) {
      float[] values = new float[batch];
      Arrays.fill(values, (float) timestep);
      return new FloatTensor(shape, values);
    }
    long[] values = new long[batch];
    Arrays.fill(values, (long) Math.rint(timestep));
    return new LongTensor(shape, values);
  }

  private static FloatTensor repeated(FloatTensor one, int batch) {
    if (batch == 1) {
      return one;
    }
    int elements = one.data().length;
    float[] all = new float[batch * elements];
    for (int i = 0; i < batch; i++) {
      System.arraycopy(one.data(), 0, all, i * elements, elements);
    }
    long[] shape = one.shape().clone();
    shape[0] = batch;
    return new FloatTensor(shape, all);
  }

  @Override
  public void close() {
    session.close();
  }
}
