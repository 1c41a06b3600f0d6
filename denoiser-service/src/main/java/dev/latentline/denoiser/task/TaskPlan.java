package dev.latentline.denoiser.task;

import dev.latentline.contract.ImageTask;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.denoiser.sample.SamplerStep;
import dev.latentline.denoiser.schedule.Sigmas;
import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;

/**
 * What is to be computed for one picture: all numbers of the request, resolved.
 *
 * @param seed the picture's own
 * @param shape of its latents, [1, channels, height, width]
 * @param contexts [rows, tokens, width]: the prompt and, where guidance needs it, the negative
 *     prompt
 * @param predicts what the network was trained to answer
 */
public record TaskPlan(
    ImageTask task,
    long seed,
    long[] shape,
    FloatTensor contexts,
    float guidanceScale,
    PredictionType predicts,
    SamplerStep sampler,
    Sigmas sigmas) {

  public int steps() {
    return sigmas.steps();
  }

  /** How many answers a step needs from the network. */
  public int rows() {
    return (int) contexts.shape()[0];
  }

  /** Whether a sampler's state can be one of this plan's. */
  public boolean fits(SamplerState state) {
    int elements = DenseTensor.elements(shape);
    return state.step() >= 0
        && state.step() <= steps()
        && state.latents().length == elements
        && state.previousDenoised().map(x0 -> x0.length == elements).orElse(true);
  }
}
