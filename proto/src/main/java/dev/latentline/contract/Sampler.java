package dev.latentline.contract;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;

/** The samplers by their names in the API and in records; what each computes is in the denoiser. */
public enum Sampler {
  DDIM("ddim", "DDIM", Trait.ETA_0),
  EULER("euler", "Euler", Trait.CHURN, Trait.FLOW),
  EULER_ANCESTRAL("euler_a", "Euler a", Trait.ETA_1),
  HEUN("heun", "Heun", Trait.CHURN, Trait.FLOW),
  DPM2("dpm2", "DPM2", Trait.CHURN),
  DPM2_ANCESTRAL("dpm2_a", "DPM2 a", Trait.ETA_1),
  DPMPP_2S_ANCESTRAL("dpmpp_2s_a", "DPM++ 2S a", Trait.ETA_1),
  DPMPP_2M("dpmpp_2m", "DPM++ 2M", Trait.FLOW),
  DPMPP_SDE("dpmpp_sde", "DPM++ SDE", Trait.ETA_1),
  DPMPP_2M_SDE("dpmpp_2m_sde", "DPM++ 2M SDE", Trait.ETA_1),
  DPMPP_2M_SDE_HEUN("dpmpp_2m_sde_heun", "DPM++ 2M SDE Heun", Trait.ETA_1),
  DPMPP_3M_SDE("dpmpp_3m_sde", "DPM++ 3M SDE", Trait.ETA_1),
  UNIPC("unipc", "UniPC", Trait.FLOW),
  DEIS("deis", "DEIS"),
  LMS("lms", "LMS"),
  PNDM("pndm", "PLMS"),
  LCM("lcm", "LCM", Trait.NOISE),
  TCD("tcd", "TCD", Trait.ETA_TCD);

  /** The value of eta where the request leaves it out is that of the sampler's original. */
  private enum Trait {
    /** Takes eta; without noise by default. */
    ETA_0,
    /** Takes eta; with the noise of the diffusion itself by default. */
    ETA_1,
    /** Takes eta, which its paper calls gamma. */
    ETA_TCD,
    /** Adds noise whatever eta is. */
    NOISE,
    /** Takes s_churn. */
    CHURN,
    /** Can sample models that were trained by flow matching. */
    FLOW
  }

  private final String id;
  private final String label;
  private final Set<Trait> traits;

  Sampler(String id, String label, Trait... traits) {
    this.id = id;
    this.label = label;
    this.traits = Set.of(traits);
  }

  public String id() {
    return id;
  }

  /** The name that AUTOMATIC1111's infotext uses. */
  public String label() {
    return label;
  }

  /** How much noise its steps add, where a request can choose that. */
  public OptionalDouble defaultEta() {
    if (traits.contains(Trait.ETA_0)) {
      return OptionalDouble.of(0);
    }
    if (traits.contains(Trait.ETA_1)) {
      return OptionalDouble.of(1);
    }
    return traits.contains(Trait.ETA_TCD) ? OptionalDouble.of(0.3) : OptionalDouble.empty();
  }

  /** Whether a request can ask for noise before steps that add none of their own. */
  public boolean churns() {
    return traits.contains(Trait.CHURN);
  }

  /** Whether the noise that its steps add can be made more or less. */
  public boolean takesNoiseScale() {
    return defaultEta().isPresent() || churns() || traits.contains(Trait.NOISE);
  }

  /** Whether it can sample models that were trained by flow matching. */
  public boolean samplesFlow() {
    return traits.contains(Trait.FLOW);
  }

  public static Optional<Sampler> byId(String id) {
    return Arrays.stream(values()).filter(s -> s.id.equals(id)).findFirst();
  }

  public static List<String> ids() {
    return ids(Arrays.stream(values()));
  }

  /** Of some. */
  public static List<String> ids(Stream<Sampler> samplers) {
    return samplers.map(Sampler::id).toList();
  }
}
