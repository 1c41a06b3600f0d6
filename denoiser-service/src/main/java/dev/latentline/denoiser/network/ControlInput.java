package dev.latentline.denoiser.network;

import dev.latentline.inference.tensor.FloatTensor;

/**
 * What a ControlNet is asked with for one picture in one step.
 *
 * @param picture [1, 3, height, width] in pixels of the picture that is made, RGB in 0..1
 * @param weight what its answers are multiplied by; 0: it is not asked
 */
public record ControlInput(FloatTensor picture, float weight) {
  /** Whether it changes anything. */
  public boolean holds() {
    return weight != 0;
  }
}
