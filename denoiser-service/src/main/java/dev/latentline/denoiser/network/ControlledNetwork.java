package dev.latentline.denoiser.network;

import dev.latentline.inference.session.NativeTensors;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.WeightedSum;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A U-Net whose skip connections get what ControlNets say (Zhang et al. 2023, arXiv:2302.05543,
 * section 3.2), each times its weight; those of several add up. What they say stays in ONNX
 * Runtime's memory: to one picture of 2048 x 2048 with guidance it is 860 MB. Two are equal when
 * they consist of the same loaded networks, so that their calls can be shared.
 *
 * @param controls in the order of a call's
 */
record ControlledNetwork(UNetRunner unet, List<ControlNetRunner> controls)
    implements NoisePredictor {
  ControlledNetwork {
    controls = List.copyOf(controls);
  }

  /** Calls in which other ControlNets hold, or that the U-Net cannot share, are run one by one. */
  @Override
  public List<float[]> predict(List<NetworkCall> calls, RunStop stop) {
    Map<List<Object>, List<Integer>> alike = new LinkedHashMap<>();
    for (int i = 0; i < calls.size(); i++) {
      alike.computeIfAbsent(kind(calls.get(i)), any -> new ArrayList<>()).add(i);
    }
    float[][] answers = new float[calls.size()][];
    for (List<Integer> some : alike.values()) {
      List<float[]> ofSome = predictAlike(some.stream().map(calls::get).toList(), stop);
      for (int i = 0; i < some.size(); i++) {
        answers[some.get(i)] = ofSome.get(i);
      }
    }
    return Arrays.asList(answers);
  }

  /** Which ControlNets hold, and the timestep where calls cannot be shared with others. */
  private List<Object> kind(NetworkCall call) {
    List<Object> kind = new ArrayList<>();
    call.controls().forEach(control -> kind.add(control.holds()));
    kind.add(unet.takesOneTimestep() ? call.timestep() : "any");
    return kind;
  }

  private List<float[]> predictAlike(List<NetworkCall> calls, RunStop stop) {
    CallBatch batch = unet.batch(calls);
    List<NativeTensors> said = new ArrayList<>();
    List<float[]> weights = new ArrayList<>();
    try {
      for (int i = 0; i < controls.size(); i++) {
        int control = i;
        if (calls.get(0).controls().get(control).holds()) {
          said.add(
              controls.get(control).answers(batch, call -> call.controls().get(control), stop));
          weights.add(batch.ofRows(call -> call.controls().get(control).weight()));
        }
      }
      if (said.isEmpty()) {
        return unet.predict(calls, stop);
      }
      try (NativeTensors sum = WeightedSum.of(said, weights, unet.residuals())) {
        // before the U-Net takes memory, too
        said.forEach(NativeTensors::close);
        said.clear();
        return unet.predict(batch, sum, stop);
      }
    } finally {
      said.forEach(NativeTensors::close);
    }
  }
}
