package dev.latentline.inference.catalogue;

import java.util.Optional;

/**
 * How far the sigmas of flow matching are shifted towards noise: Esser et al. 2024
 * (arXiv:2403.03206), equation 23.
 *
 * @param factor of it; 1 is none
 * @param dynamic what takes its place where it depends on the picture's size
 */
public record FlowShift(double factor, Optional<Dynamic> dynamic) {
  public static final FlowShift NONE = of(1);

  /** The same for all sizes. */
  public static FlowShift of(double factor) {
    return new FlowShift(factor, Optional.empty());
  }

  /**
   * That for a picture of one size.
   *
   * @param tokens how many tokens it is to the network
   */
  public FlowShift ofTokens(long tokens) {
    return dynamic.map(each -> of(each.factor(tokens))).orElse(this);
  }

  /**
   * A factor whose logarithm is linear in the number of tokens, as FLUX.1's own code has it
   * (get_lin_function and time_shift of black-forest-labs/flux), and diffusers.
   *
   * @param baseShift the logarithm for baseTokens
   * @param maxShift that for maxTokens; beyond them it goes on alike
   */
  public record Dynamic(double baseShift, double maxShift, int baseTokens, int maxTokens) {
    double factor(long tokens) {
      double slope = (maxShift - baseShift) / (maxTokens - baseTokens);
      return StrictMath.exp(baseShift + slope * (tokens - baseTokens));
    }
  }
}
