package dev.latentline.denoiser.task;

import dev.latentline.denoiser.network.ControlInput;
import dev.latentline.denoiser.network.SteeringPicture;

/**
 * A picture that one is to follow through a ControlNet (Zhang et al. 2023, arXiv:2302.05543).
 *
 * @param picture as large as the one that is made
 * @param weight what the network's answers are multiplied by
 * @param start the part of the steps from which on it holds, 0..1
 * @param end the part of the steps up to which it holds
 */
public record Steering(SteeringPicture picture, float weight, double start, double end) {
  /**
   * What the network is asked with in a step: nothing where the step is not wholly within start and
   * end, as diffusers' control_guidance_start and control_guidance_end have it.
   */
  ControlInput at(int step, int steps) {
    boolean holds = step / (double) steps >= start && (step + 1) / (double) steps <= end;
    return new ControlInput(picture, holds ? weight : 0);
  }
}
