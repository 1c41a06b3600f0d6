package dev.latentline.contract;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Where the noise of a seed comes from, by the names in the API and in records. */
public enum Rng {
  /** That of NVIDIA GPUs, AUTOMATIC1111's "NV": Philox. */
  NV("nv", "NV"),
  /** PyTorch's on CPUs, which diffusers' examples and ComfyUI use: the Mersenne twister. */
  CPU("cpu", "CPU");

  private final String id;
  private final String label;

  Rng(String id, String label) {
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

  public static Optional<Rng> byId(String id) {
    return Arrays.stream(values()).filter(s -> s.id.equals(id)).findFirst();
  }

  public static List<String> ids() {
    return Arrays.stream(values()).map(Rng::id).toList();
  }
}
