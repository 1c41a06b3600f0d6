package dev.latentline.contract;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The samplers by their names in the API and in records; what each computes is in the denoiser. */
public enum Sampler {
  DDIM("ddim", "DDIM"),
  EULER("euler", "Euler"),
  EULER_ANCESTRAL("euler_a", "Euler a"),
  DPMPP_2M("dpmpp_2m", "DPM++ 2M");

  private final String id;
  private final String label;

  Sampler(String id, String label) {
    this.id = id;
    this.label = label;
  }

  public String id() {
    return id;
  }

  /** The name that AUTOMATIC1111's infotext uses. */
  public String label() {
    return label;
  }

  public static Optional<Sampler> byId(String id) {
    return Arrays.stream(values()).filter(s -> s.id.equals(id)).findFirst();
  }

  public static List<String> ids() {
    return Arrays.stream(values()).map(Sampler::id).toList();
  }
}
