package dev.latentline.encoder;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;

/** Where the encoder finds its models and how it runs them. */
@ConfigMapping(prefix = "latentline")
interface EncoderSettings {
  /** The catalogue's folder. */
  Path models();

  Inference inference();

  /** How graphs run. */
  interface Inference {
    /**
     * Threads that one operator is split over. It belongs to the runtime class: another number may
     * change the last bits of embeddings.
     */
    @WithDefault("1")
    int threads();
  }
}
