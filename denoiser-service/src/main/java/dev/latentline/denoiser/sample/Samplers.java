package dev.latentline.denoiser.sample;

import dev.latentline.contract.Sampler;

/** The samplers by their names. */
public final class Samplers {
  private Samplers() {}

  public static SamplerStep of(Sampler sampler, SamplerOptions options) {
    return switch (sampler) {
      case DDIM -> new Ddim(options);
      case EULER -> new Euler(options);
      case EULER_ANCESTRAL -> new EulerAncestral(options);
      case HEUN -> new Heun(options);
      case DPM2 -> new Dpm2(options);
      case DPM2_ANCESTRAL -> new Dpm2Ancestral(options);
      case DPMPP_2S_ANCESTRAL -> new DpmPlusPlus2SAncestral(options);
      case DPMPP_2M -> new DpmPlusPlus2M(options.withEta(0), false);
      case DPMPP_SDE -> new DpmPlusPlusSde(options);
      case DPMPP_2M_SDE -> new DpmPlusPlus2M(options, false);
      case DPMPP_2M_SDE_HEUN -> new DpmPlusPlus2M(options, true);
      case DPMPP_3M_SDE -> new DpmPlusPlus3MSde(options);
      case UNIPC -> new UniPc();
      case DEIS -> new Deis();
      case LMS -> new Lms();
      case PNDM -> new Pndm();
      case LCM -> new Lcm(options);
      case TCD -> new Tcd(options);
    };
  }
}
