package dev.latentline.denoiser.task;

import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.FloatTensor;

/** What a denoising network answers. */
@FunctionalInterface
public interface NoisePredictor {
  /**
   * @param input [1, channels, height, width], of unit variance
   * @param contexts [batch, rows, width]
   * @return [batch, channels, height, width]
   */
  FloatTensor predict(FloatTensor input, double timestep, FloatTensor contexts, RunStop stop);
}
