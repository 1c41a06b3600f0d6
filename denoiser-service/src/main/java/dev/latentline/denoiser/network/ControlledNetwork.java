package dev.latentline.denoiser.network;

import dev.latentline.inference.session.NativeTensors;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.WeightedSum;
import java.util.ArrayList;
import java.util.List;

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

  /** Those that the U-Net cannot share, for their timesteps, are run one after the other. */
  @Override
  public List<float[]> predict(List<NetworkCall> calls, RunStop stop) {
    if (unet.cannotShare(calls)) {
      return calls.stream().map(call -> predict(List.of(call), stop).get(0)).toList();
    }
    CallBatch batch = unet.batch(calls);
    List<NativeTensors> said = new ArrayList<>();
    List<float[]> weights = new ArrayList<>();
    try {
      for (int i = 0; i < controls.size(); i++) {
        int control = i;
        if (calls.stream().anyMatch(call -> call.controls().get(control).holds())) {
          // of calls in which it does not hold it is asked, too, at a weight of 0: a U-Net's run of
          // their own would take longer
          said.add(
              controls.get(control).answers(batch, call -> call.controls().get(control), stop));
          weights.add(batch.ofRows(call -> call.controls().get(control).weight()));
        }
      }
      if (said.isEmpty()) {
        return unet.predict(calls, stop);
      }
      try (NativeTensors sum = WeightedSum.of(said, weights, unet.residuals())) {
        said.forEach(NativeTensors::close);
        said.clear();
        return unet.predict(batch, sum, stop);
      }
    } finally {
      said.forEach(NativeTensors::close);
    }
  }
}
