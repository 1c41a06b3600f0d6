package dev.latentline.denoiser.network;

import dev.latentline.inference.session.ElementType;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.NativeTensors;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;

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
    if (cannotShare(calls)) {
      return calls.stream().map(call -> predict(List.of(call), stop).get(0)).toList();
    }
    return predict(batch(calls), NativeTensors.none(), stop);
  }

  /** Whether calls have other timesteps, where the graph takes one for all rows. */
  boolean cannotShare(List<NetworkCall> calls) {
    return CallBatch.takesOneTimestep(session)
        && calls.stream().mapToDouble(NetworkCall::timestep).distinct().count() > 1;
  }

  /** Calls as the network takes them. */
  CallBatch batch(List<NetworkCall> calls) {
    return CallBatch.of(calls, sizes.get());
  }

  /** What it takes of ControlNets, with its type, by the name that it has there. */
  Map<String, ElementType> residuals() {
    return residuals.stream()
        .collect(Collectors.toMap(Residuals::output, input -> session.inputs().get(input)));
  }

  /**
   * @param said of ControlNets to all rows of the batch, by the names that it has there; none when
   *     there are none
   */
  List<float[]> predict(CallBatch batch, NativeTensors said, RunStop stop) {
    Map<String, DenseTensor> values = new HashMap<>();
    values.put(CallBatch.SAMPLE, batch.repeated(NetworkCall::input));
    values.put(CallBatch.TIMESTEP, batch.timesteps(session));
    values.put(CallBatch.CONTEXT, batch.oneAfterTheOther(NetworkCall::contexts));
    for (String input : added) {
      values.put(
          input, batch.oneAfterTheOther(call -> call.added().orElseThrow().byInput().get(input)));
    }
    NativeTensors given = said.named(Residuals::input);
    for (String input : residuals) {
      if (!given.names().contains(input)) {
        values.put(input, nothing(input));
      }
    }
    return batch.split(session.run(values, given, OUTPUT, stop).data());
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
