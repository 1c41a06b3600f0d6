package dev.latentline.denoiser.sample;

import dev.latentline.contract.Sampler;
import java.util.OptionalDouble;

/**
 * What a request can choose of a sampler; those that do not know one of them ignore it.
 *
 * @param eta how much of the noise that was taken away a step adds again: 0 none, 1 as much as the
 *     diffusion itself
 * @param churn s_churn of Karras et al. 2022, algorithm 2, for the whole picture
 * @param noiseScale what added noise is multiplied by: their S_noise
 * @param range what a model's predicted x0 is held within, where the sampler does so
 */
public record SamplerOptions(double eta, double churn, double noiseScale, OptionalDouble range) {
  /** Those of a request that names none. */
  public static SamplerOptions defaults(Sampler sampler) {
    return new SamplerOptions(sampler.defaultEta().orElse(0), 0, 1, OptionalDouble.empty());
  }

  public SamplerOptions withEta(double other) {
    return new SamplerOptions(other, churn, noiseScale, range);
  }

  public SamplerOptions withChurn(double other) {
    return new SamplerOptions(eta, other, noiseScale, range);
  }

  public SamplerOptions withNoiseScale(double other) {
    return new SamplerOptions(eta, churn, other, range);
  }

  public SamplerOptions withRange(OptionalDouble other) {
    return new SamplerOptions(eta, churn, noiseScale, other);
  }
}
