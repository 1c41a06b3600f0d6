package dev.latentline.denoiser.sample;

import dev.latentline.contract.Sampler;
import java.util.OptionalDouble;

/** The samplers by their names. */
public final class Samplers {
  private Samplers() {}

  /**
   * @param range what a model's predicted x0 is held within, where the sampler does so
   */
  public static SamplerStep of(Sampler sampler, OptionalDouble range) {
    return switch (sampler) {
      case DDIM -> new Ddim(range);
      case EULER -> new Euler();
      case EULER_ANCESTRAL -> new EulerAncestral();
      case DPMPP_2M -> new DpmPlusPlus2M();
    };
  }
}
