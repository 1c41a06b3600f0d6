package dev.latentline.denoiser;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;

/** Which models the denoiser serves and how it runs them. */
@ConfigMapping(prefix = "latentline")
interface DenoiserSettings {
  /** The catalogue's folder. */
  Path models();

  /**
   * The pool of pools.yaml that this replica belongs to: whose queue it reads and models it loads.
   */
  @WithDefault("default")
  String pool();

  Inference inference();

  /** How graphs run. */
  interface Inference {
    /**
     * Threads that one operator is split over. It belongs to the runtime class: another number may
     * change the last bits of a picture. More than one pays for large networks only.
     */
    @WithDefault("1")
    int threads();
  }
}
