package dev.latentline.denoiser.network;

import java.util.Set;
import java.util.TreeSet;

/**
 * What a ControlNet adds to a U-Net, by diffusers' names: at each skip connection, and in the
 * middle.
 */
final class Residuals {
  private static final String OF_SKIPS = "down_block_additional_residuals_";
  private static final String OF_MIDDLE = "mid_block_additional_residual";
  private static final String SKIPS = "down_block_res_samples_";
  private static final String MIDDLE = "mid_block_res_sample";

  private Residuals() {}

  /** Those of a U-Net's inputs that take them. */
  static Set<String> among(Set<String> inputs) {
    Set<String> found = new TreeSet<>();
    for (String input : inputs) {
      if (input.startsWith(OF_SKIPS) || input.equals(OF_MIDDLE)) {
        found.add(input);
      }
    }
    return found;
  }

  /** The output of a ControlNet that goes into an input of a U-Net. */
  static String output(String input) {
    return input.equals(OF_MIDDLE) ? MIDDLE : SKIPS + input.substring(OF_SKIPS.length());
  }

  /** The input of a U-Net that an output of a ControlNet goes into. */
  static String input(String output) {
    return output.equals(MIDDLE) ? OF_MIDDLE : OF_SKIPS + output.substring(SKIPS.length());
  }

  /** Whether a graph's outputs are such, and nothing else. */
  static boolean isAll(Set<String> outputs) {
    return outputs.contains(MIDDLE)
        && outputs.stream().allMatch(each -> each.equals(MIDDLE) || each.startsWith(SKIPS));
  }
}
