package dev.latentline.denoiser.network;

/**
 * What a ControlNet is asked with for one picture in one step.
 *
 * @param picture as large as the picture that is made
 * @param weight what its answers are multiplied by; 0: it is not asked
 */
public record ControlInput(SteeringPicture picture, float weight) {
  /** Whether it changes anything. */
  public boolean holds() {
    return weight != 0;
  }
}
