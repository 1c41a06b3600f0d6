package dev.latentline.denoiser.task;

import dev.latentline.denoiser.network.AddedInputs;
import dev.latentline.denoiser.schedule.Sigmas;
import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Another network that makes the last steps of a picture (Podell et al. 2023, arXiv:2307.01952,
 * section 2.5). What it is asked with has the rows of the plan.
 *
 * @param from the first of its steps; as many as there are when it makes none
 * @param contexts [rows, tokens, width]
 * @param predicts what it was trained to answer
 * @param added what it takes besides contexts
 */
public record Refinement(
    int from, FloatTensor contexts, PredictionType predicts, Optional<AddedInputs> added) {

  /**
   * The first step whose timestep is below a part of those of training, as diffusers'
   * denoising_start and denoising_end and AUTOMATIC1111 count it: not a part of the steps, of which
   * some schedules make most at the end.
   *
   * @param trained the number of timesteps
   * @param start 0..1, from noise to picture
   */
  static int from(Sigmas sigmas, int trained, double start) {
    double below = Math.rint(trained - start * trained);
    return IntStream.range(0, sigmas.steps())
        .filter(step -> sigmas.timestep(step) < below)
        .findFirst()
        .orElse(sigmas.steps());
  }
}
