package dev.latentline.denoiser.network;

import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.NativeTensors;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** A ControlNet (Zhang et al. 2023, arXiv:2302.05543), loaded. Thread-safe. */
final class ControlNetRunner implements LoadedNetwork {
  private static final String PICTURE = "controlnet_cond";
  private static final String SCALE = "conditioning_scale";
  private static final Set<String> INPUTS =
      Set.of(CallBatch.SAMPLE, CallBatch.TIMESTEP, CallBatch.CONTEXT, PICTURE, SCALE);

  private final ModelSession session;

  /** Those that not every one has. */
  private final Set<String> added;

  /**
   * @param session closed with this one
   * @throws IllegalArgumentException when the graph has not the inputs and outputs of a ControlNet
   */
  ControlNetRunner(ModelSession session) {
    added = new TreeSet<>(session.inputs().keySet());
    added.removeAll(INPUTS);
    if (!session.inputs().keySet().containsAll(INPUTS) || !Residuals.isAll(session.outputs())) {
      session.close();
      throw new IllegalArgumentException(
          "a ControlNet takes " + INPUTS + " and gives residuals; this graph has others");
    }
    this.session = session;
  }

  /**
   * What the network says to some calls.
   *
   * @param input of each call
   * @return by output, for each row of the batch, not yet weighted; the caller closes it
   * @throws RunStoppedException when stop ended it
   */
  NativeTensors answers(CallBatch batch, Function<NetworkCall, ControlInput> input, RunStop stop) {
    if (CallBatch.takesOneTimestep(session) && batch.calls().size() > 1) {
      throw new IllegalArgumentException("a ControlNet takes a timestep for each row");
    }
    Map<String, DenseTensor> values = new HashMap<>();
    values.put(CallBatch.SAMPLE, batch.repeated(this::latents));
    values.put(CallBatch.TIMESTEP, batch.timesteps(session));
    values.put(CallBatch.CONTEXT, batch.oneAfterTheOther(NetworkCall::contexts));
    values.put(
        PICTURE,
        batch.calls().size() == 1
            ? input.apply(batch.calls().get(0)).picture().colours()
            : batch.repeated(call -> input.apply(call).picture().colours()));
    // weights differ between calls: they are applied to the answers
    values.put(SCALE, new FloatTensor(session.inputShape(SCALE), new float[] {1}));
    for (String each : added) {
      values.put(
          each, batch.oneAfterTheOther(call -> call.added().orElseThrow().byInput().get(each)));
    }
    return session.runNatively(values, stop);
  }

  /** Without what networks that fill in see behind them. */
  private FloatTensor latents(NetworkCall call) {
    FloatTensor all = call.input();
    long channels = session.inputShape(CallBatch.SAMPLE)[1];
    if (channels < 0 || channels >= all.shape()[1]) {
      return all;
    }
    long[] shape = all.shape().clone();
    shape[1] = channels;
    return new FloatTensor(shape, Arrays.copyOf(all.data(), DenseTensor.elements(shape)));
  }

  @Override
  public void close() {
    session.close();
  }
}
