package dev.latentline.encoder;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Where the encoder finds its models and how it runs them. */
@ConfigMapping(prefix = "latentline")
interface EncoderSettings {
  /** The catalogue's folder; after commas, folders with more models. */
  List<Path> models();

  Inference inference();

  /** How graphs run. */
  interface Inference {
    /**
     * The CPU, {@code cpu}, or one GPU, {@code cuda:0}; another one may change the last bits of
     * embeddings.
     */
    @WithDefault("cpu")
    String device();

    /**
     * Threads that one operator is split over. It belongs to the runtime class: another number may
     * change the last bits of embeddings.
     */
    @WithDefault("1")
    int threads();

    /** What each text encoder may take of the GPU, such as 2G; without it all there is. */
    Optional<MemorySize> gpuMemory();

    /**
     * How much of text encoders is kept in memory, each counted with its weights in fp32 (SDXL's
     * two are 3.3 GB together); one with LoRAs counts for itself. They are loaded when a text needs
     * them, those not used for longest go, and one is always let in. As much again may be taken by
     * the image encoders of models that are prompted by pictures (the starter's is 25 MB).
     */
    @WithDefault("4G")
    MemorySize modelMemory();

    /** Embeddings that are kept for the next request with the same text; 0 keeps none. */
    @WithDefault("64M")
    MemorySize embeddingCache();
  }
}
