package dev.latentline.inference.checkpoint;

import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.Map;
import java.util.TreeMap;

/** What a U-Net takes from ControlNets. */
final class Residuals {
  static final String DOWN = "down_block_additional_residuals_";
  static final String MID = "mid_block_additional_residual";

  private Residuals() {}

  /** One zero for each channel of each: what it takes where there is no ControlNet. */
  static Map<String, FloatTensor> none(ModelSession network) {
    Map<String, FloatTensor> zeros = new TreeMap<>();
    for (String input : network.inputs().keySet()) {
      if (input.startsWith(DOWN) || input.equals(MID)) {
        int channels = Math.toIntExact(network.inputShape(input)[1]);
        zeros.put(input, new FloatTensor(new long[] {1, channels, 1, 1}, new float[channels]));
      }
    }
    return zeros;
  }
}
