package dev.latentline.encoder.text;

import dev.latentline.contract.Emphasis;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.List;

/** The states of one sequence with the weights of its tokens, as AUTOMATIC1111 applies them. */
final class WeightedStates {
  private WeightedStates() {}

  /**
   * Each row times its weight; with {@link Emphasis#ORIGINAL} all of it then brought back to the
   * mean that it had.
   *
   * @param states [1, rows, width]; not changed
   * @param weights of the first rows; the others are as they were
   */
  static FloatTensor of(FloatTensor states, List<Float> weights, Emphasis emphasis) {
    if (weights.stream().allMatch(weight -> weight == 1)) {
      return states;
    }
    int width = (int) states.shape()[2];
    float[] weighted = states.data().clone();
    for (int row = 0; row < weights.size(); row++) {
      for (int i = row * width; i < (row + 1) * width; i++) {
        weighted[i] *= weights.get(row);
      }
    }
    if (emphasis == Emphasis.ORIGINAL) {
      restoreMean(states.data(), weighted);
    }
    return new FloatTensor(states.shape(), weighted);
  }

  private static void restoreMean(float[] original, float[] weighted) {
    double factor = sum(original) / sum(weighted);
    // no mean cannot be brought back
    if (Double.isFinite(factor)) {
      for (int i = 0; i < weighted.length; i++) {
        weighted[i] = (float) (weighted[i] * factor);
      }
    }
  }

  private static double sum(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum;
  }
}
