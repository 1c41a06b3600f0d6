package dev.latentline.denoiser.network;

import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A U-Net whose skip connections get what ControlNets say (Zhang et al. 2023, arXiv:2302.05543,
 * section 3.2), each times its weight; those of several add up. Two are equal when they consist of
 * the same loaded networks, so that their calls can be shared.
 *
 * @param controls in the order of a call's
 */
record ControlledNetwork(UNetRunner unet, List<ControlNetRunner> controls)
    implements NoisePredictor {
  ControlledNetwork {
    controls = List.copyOf(controls);
  }

  @Override
  public List<float[]> predict(List<NetworkCall> calls, RunStop stop) {
    List<Map<String, FloatTensor>> residuals = new ArrayList<>();
    calls.forEach(call -> residuals.add(new HashMap<>()));
    for (int i = 0; i < controls.size(); i++) {
      add(i, calls, residuals, stop);
    }
    if (residuals.stream().allMatch(Map::isEmpty)) {
      return unet.predict(calls, stop);
    }
    List<NetworkCall> steered = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      steered.add(calls.get(i).with(new AddedInputs(residuals.get(i))));
    }
    return unet.predict(steered, stop);
  }

  /**
   * What one ControlNet says to the calls in which it holds.
   *
   * @param residuals of each call; gets those of all calls as soon as one has some
   */
  private void add(
      int control,
      List<NetworkCall> calls,
      List<Map<String, FloatTensor>> residuals,
      RunStop stop) {
    List<NetworkCall> asked =
        calls.stream().filter(call -> call.controls().get(control).holds()).toList();
    if (asked.isEmpty()) {
      return;
    }
    controls
        .get(control)
        .answers(asked, call -> call.controls().get(control), stop)
        .forEach(
            (input, answers) -> {
              int of = 0;
              for (int i = 0; i < calls.size(); i++) {
                NetworkCall call = calls.get(i);
                FloatTensor sum =
                    residuals.get(i).computeIfAbsent(input, any -> zeros(answers, call.rows()));
                if (call.controls().get(control).holds()) {
                  add(sum.data(), answers.ofCalls().get(of++), call.controls().get(control));
                }
              }
            });
  }

  private static FloatTensor zeros(ControlNetRunner.Answers answers, int rows) {
    long[] shape = answers.shape(rows);
    return new FloatTensor(shape, new float[DenseTensor.elements(shape)]);
  }

  private static void add(float[] sum, float[] answers, ControlInput control) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += control.weight() * answers[i];
    }
  }
}
