package dev.latentline.decoder;

import dev.latentline.contract.SafetyMode;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Where the decoder finds its models and how it runs them. */
@ConfigMapping(prefix = "latentline")
interface DecoderSettings {
  /** The catalogue's folder; after commas, folders with more models. */
  List<Path> models();

  Inference inference();

  Decode decode();

  /**
   * What happens to a picture that the catalogue's safety checker finds unsafe: off, flag, blur or
   * reject. Replicas with different modes give different pictures for the same request, and the
   * denoisers must have the same: they show previews, which nobody judges.
   */
  @WithDefault("off")
  SafetyMode safety();

  /**
   * From which sum of the unsafe classes' scores a picture is unsafe, above 0 and at most 1. A
   * lower one flags more harmless pictures, a higher one misses more of the others.
   */
  @WithDefault("0.7")
  double safetyThreshold();

  /** How graphs run. */
  interface Inference {
    /** The CPU, {@code cpu}, or one GPU, {@code cuda:0}; another one may change the last bits. */
    @WithDefault("cpu")
    String device();

    /** Threads that one operator is split over; another number may change the last bits. */
    @WithDefault("1")
    int threads();

    /**
     * How much of decoders is kept in memory, each counted with its weights in fp32. They are
     * loaded when a picture needs them, those not used for longest go, and one is always let in.
     */
    @WithDefault("2G")
    MemorySize modelMemory();

    /**
     * What each model's graph may take of the GPU, such as 2G; without it all there is. Too little
     * for a whole picture: it is decoded in tiles.
     */
    Optional<MemorySize> gpuMemory();
  }

  /** How latents become pixels. */
  interface Decode {
    /**
     * Latents, width times height, that are decoded at once; a larger picture goes in tiles, which
     * takes less memory and changes pixels a little. The default is a picture of 1024 x 1024 whose
     * model has 8 pixels per latent.
     */
    @WithDefault("16384")
    int wholeLatents();

    /** Side of a tile, in latents; neighbours overlap by a quarter of it. */
    @WithDefault("64")
    int tileLatents();
  }
}
