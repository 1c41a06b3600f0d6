package dev.latentline.denoiser.network;

import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/** A denoising network, loaded. Thread-safe. */
public final class UNetRunner implements NoisePredictor, LoadedNetwork {
  private static final String OUTPUT = "out_sample";
  private static final Set<String> INPUTS =
      Set.of(CallBatch.SAMPLE, CallBatch.TIMESTEP, CallBatch.CONTEXT);
  private static final Set<String> OF_TEXTS = Set.of(AddedInputs.TEXT_EMBEDS);
  private static final Set<String> OF_SIZES = Set.of(AddedInputs.TEXT_EMBEDS, AddedInputs.TIME_IDS);

  private final ModelSession session;

  /** Those that not every network has. */
  private final Set<String> added;

  /** Those for what ControlNets say. */
  private final Set<String> residuals;

  private final Supplier<BatchSizes> sizes;

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
    residuals = Residuals.among(inputs);
    added.removeAll(residuals);
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
    if (CallBatch.takesOneTimestep(session)
        && calls.stream().mapToDouble(NetworkCall::timestep).distinct().count() > 1) {
      return calls.stream().map(call -> run(List.of(call), stop).get(0)).toList();
    }
    return run(calls, stop);
  }

  private List<float[]> run(List<NetworkCall> calls, RunStop stop) {
    CallBatch batch = CallBatch.of(calls, sizes.get());
    Map<String, DenseTensor> values = new HashMap<>();
    values.put(CallBatch.SAMPLE, batch.repeated(NetworkCall::input));
    values.put(CallBatch.TIMESTEP, batch.timesteps(session));
    values.put(CallBatch.CONTEXT, batch.oneAfterTheOther(NetworkCall::contexts));
    for (String input : added) {
      values.put(
          input, batch.oneAfterTheOther(call -> call.added().orElseThrow().byInput().get(input)));
    }
    for (String input : residuals) {
      values.put(
          input,
          has(calls.get(0), input)
              ? batch.oneAfterTheOther(call -> call.added().orElseThrow().byInput().get(input))
              : nothing(input));
    }
    return batch.split(session.run(values, OUTPUT, stop).data());
  }

  private static boolean has(NetworkCall call, String input) {
    return call.added().filter(some -> some.byInput().containsKey(input)).isPresent();
  }

  /** Added to every row and place. */
  private FloatTensor nothing(String input) {
    return FloatTensor.zeros(1, session.inputShape(input)[1], 1, 1);
  }

  @Override
  public void close() {
    session.close();
  }
}
