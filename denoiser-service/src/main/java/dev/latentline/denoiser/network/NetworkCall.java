package dev.latentline.denoiser.network;

import dev.latentline.inference.tensor.FloatTensor;
import java.util.List;
import java.util.Optional;

/**
 * What a denoising network is asked for one picture in one step.
 *
 * @param input [1, channels, height, width]: latents of unit variance, and behind them what the
 *     network sees of another picture, if it does
 * @param timestep what the network is told; may lie between the trained ones
 * @param contexts [rows, tokens, width]: the network answers once for each
 * @param added what else the network takes
 * @param controls what its ControlNets are asked with, in their order; none for a network without
 * @param fixedBatch whether its bits must not depend on what else is asked: a call of the network
 *     is shared only with others of whom this is said, and has the largest batch there is
 */
public record NetworkCall(
    FloatTensor input,
    double timestep,
    FloatTensor contexts,
    Optional<AddedInputs> added,
    List<ControlInput> controls,
    boolean fixedBatch) {

  /** Of a network without ControlNets. */
  public NetworkCall(
      FloatTensor input,
      double timestep,
      FloatTensor contexts,
      Optional<AddedInputs> added,
      boolean fixedBatch) {
    this(input, timestep, contexts, added, List.of(), fixedBatch);
  }

  /** How many answers there will be. */
  public int rows() {
    return (int) contexts.shape()[0];
  }
}
