package dev.latentline.denoiser.task;

import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Rng;
import dev.latentline.denoiser.guide.Guidance;
import dev.latentline.denoiser.guide.StepRows;
import dev.latentline.denoiser.network.AddedInputs;
import dev.latentline.denoiser.network.ControlInput;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.denoiser.sample.SamplerStep;
import dev.latentline.denoiser.schedule.Sigmas;
import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What is to be computed for one picture: all numbers of the request, resolved.
 *
 * @param seed the picture's own
 * @param rng where its noise comes from
 * @param shape of its latents, [1, channels, height, width]
 * @param contexts [rows, tokens, width]: the prompts and, where guidance needs it, the negative
 *     prompts, of all steps
 * @param stepRows which of their rows the network is asked with in which step
 * @param predicts what the network was trained to answer
 * @param added what the network takes besides contexts, of the same rows
 * @param masked [1, more channels, height, width]: what the network sees behind the latents
 * @param steerings what it follows through the ControlNets of the network, in their order
 * @param deterministic whether its bits must not depend on what else is made here
 * @param refinement who makes the last steps; everything before is of the network of the others
 */
public record TaskPlan(
    ImageTask task,
    long seed,
    Rng rng,
    long[] shape,
    FloatTensor contexts,
    StepRows stepRows,
    Guidance guidance,
    PredictionType predicts,
    SamplerStep sampler,
    Sigmas sigmas,
    Optional<AddedInputs> added,
    Optional<FloatTensor> masked,
    List<Steering> steerings,
    boolean deterministic,
    Optional<Refinement> refinement) {

  public int steps() {
    return sigmas.steps();
  }

  /** How often the network is asked from a step on. */
  public int calls(int fromStep) {
    return IntStream.range(fromStep, steps()).map(step -> sampler.calls(step, sigmas)).sum();
  }

  /** How many answers a call needs from the network. */
  public int rows() {
    return stepRows.count();
  }

  /** Whether a step is the refiner's. */
  public boolean refines(int step) {
    return refinement(step).isPresent();
  }

  private Optional<Refinement> refinement(int step) {
    return refinement.filter(refiner -> step >= refiner.from());
  }

  /** What the network of a step is asked with, [rows, tokens, width]. */
  public FloatTensor contexts(int step) {
    return of(step, allContexts(step));
  }

  /** [tokens, width] of what the network of a step is asked with. */
  public long[] contextShape(int step) {
    long[] shape = allContexts(step).shape();
    return new long[] {shape[1], shape[2]};
  }

  private FloatTensor allContexts(int step) {
    return refinement(step).map(Refinement::contexts).orElse(contexts);
  }

  /** What it takes besides in a step. */
  public Optional<AddedInputs> added(int step) {
    return refinement(step)
        .map(Refinement::added)
        .orElse(added)
        .map(inputs -> inputs.map(all -> of(step, all)));
  }

  /** What it was trained to answer. */
  public PredictionType predicts(int step) {
    return refinement(step).map(Refinement::predicts).orElse(predicts);
  }

  /** What it sees behind the latents. */
  public Optional<FloatTensor> masked(int step) {
    return refines(step) ? Optional.empty() : masked;
  }

  /** What the ControlNets of a step's network are asked with: a refiner has none. */
  public List<ControlInput> controls(int step) {
    return refines(step)
        ? List.of()
        : steerings.stream().map(each -> each.at(step, steps())).toList();
  }

  private FloatTensor of(int step, FloatTensor all) {
    int[] rows = stepRows.at(step);
    if (rows.length == all.shape()[0]) {
      // they are all there is, in their order
      return all;
    }
    long[] shape = all.shape().clone();
    shape[0] = rows.length;
    float[] found = new float[DenseTensor.elements(shape)];
    int elements = found.length / rows.length;
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(all.data(), rows[i] * elements, found, i * elements, elements);
    }
    return new FloatTensor(shape, found);
  }

  /** Whether a sampler's state can be one of this plan's. */
  public boolean fits(SamplerState state) {
    int elements = DenseTensor.elements(shape);
    boolean begun = state.step() >= 0 && state.step() <= steps() && state.call() >= 0;
    return begun
        && state.call() < (state.step() == steps() ? 1 : sampler.calls(state.step(), sigmas))
        && state.latents().length == elements
        && state.history().stream().allMatch(one -> one.length == elements);
  }
}
