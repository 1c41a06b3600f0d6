package dev.latentline.denoiser.guide;

import java.util.Arrays;

/**
 * Which of a picture's contexts the network is asked with in which step, the prompts first and then
 * what they are guided away from, where there is that.
 */
public final class StepRows {
  private final int[][] ofStep;
  private final float[] weights;

  private StepRows(int[][] ofStep, float[] weights) {
    this.ofStep = ofStep;
    this.weights = weights;
  }

  /** All of them in every step, with weights of 1. */
  public static StepRows all(int rows) {
    float[] ones = new float[rows];
    Arrays.fill(ones, 1);
    int[] every = new int[rows];
    Arrays.setAll(every, row -> row);
    return new StepRows(new int[][] {every}, ones);
  }

  /**
   * @param ofStep for each step the rows, as many in each
   * @param weights of all rows; that of the last one in a step with several is not used
   */
  public static StepRows of(int[][] ofStep, float[] weights) {
    if (ofStep.length == 0 || Arrays.stream(ofStep).anyMatch(r -> r.length != ofStep[0].length)) {
      throw new IllegalArgumentException("steps have different numbers of rows");
    }
    return new StepRows(ofStep, weights);
  }

  /** How many there are in a step. */
  public int count() {
    return ofStep[0].length;
  }

  /**
   * @param step beyond the last one: as in that
   */
  public int[] at(int step) {
    return ofStep[Math.min(step, ofStep.length - 1)];
  }

  /** The weights of a step's prompts. */
  public float[] weightsAt(int step) {
    int[] rows = at(step);
    float[] found = new float[Math.max(1, rows.length - 1)];
    for (int i = 0; i < found.length; i++) {
      found[i] = weights[rows[i]];
    }
    return found;
  }
}
