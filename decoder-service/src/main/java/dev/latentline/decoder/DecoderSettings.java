package dev.latentline.decoder;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;

/** Where the decoder finds its models and how it runs them. */
@ConfigMapping(prefix = "latentline")
interface DecoderSettings {
  /** The catalogue's folder. */
  Path models();

  Inference inference();

  /** How graphs run. */
  interface Inference {
    /** Threads that one operator is split over; another number may change the last bits. */
    @WithDefault("1")
    int threads();
  }
}
