package dev.latentline.denoiser;

import dev.latentline.contract.SafetyMode;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Which models the denoiser serves and how it runs them. */
@ConfigMapping(prefix = "latentline")
interface DenoiserSettings {
  /** The catalogue's folder; after commas, folders with more models. */
  List<Path> models();

  /**
   * The pool of pools.yaml that this replica belongs to: whose queue it reads and models it loads.
   */
  @WithDefault("default")
  String pool();

  /**
   * How many pictures it holds at once, at least 1: the step loop makes the shortest first. Where
   * pictures share batches, twice as many as fill the largest on each device; it does not start
   * with so few that they never fill it.
   */
  @WithDefault("8")
  int slots();

  Progress progress();

  Previews previews();

  /**
   * What the decoder does with a picture that its safety checker finds unsafe: off, flag, blur or
   * reject, to be set as there. No checker judges previews: with the last two there are none.
   */
  @WithDefault("off")
  SafetyMode safety();

  Inference inference();

  /** How far pictures are. */
  interface Progress {
    /**
     * A picture's steps are told, and previews of it are shown, so far apart at least: people see
     * no more, and each costs the broker and its clients some core-ms.
     */
    @WithDefault("500MS")
    Duration pause();
  }

  /** What pictures look like on their way. */
  interface Previews {
    /**
     * After so many steps a preview is shown with the progress, where pictures that nobody has
     * judged may be seen; 0: never.
     */
    @WithDefault("1")
    int every();
  }

  /** How graphs run. */
  interface Inference {
    /**
     * The CPU, {@code cpu}, or GPUs, {@code cuda:0,cuda:1}, which share the slots; it belongs to
     * the runtime class.
     */
    @WithDefault("cpu")
    String device();

    /**
     * Threads that one operator is split over. It belongs to the runtime class: another number may
     * change the last bits of a picture. One makes the most pictures where there is a replica for
     * each core; several make one picture sooner.
     */
    @WithDefault("1")
    int threads();

    /**
     * The batches that a GPU is prepared for, in rows, before the replica is ready: a picture with
     * guidance takes two. Absent: every picture is computed alone, which is as fast on a CPU.
     */
    Optional<List<Integer>> batchSizes();

    /**
     * How much of networks is kept in memory on each device, each counted with its weights in fp32;
     * a model with LoRAs is a network of its own. They are loaded when a picture needs them, those
     * not used for longest go, and one is always let in.
     */
    @WithDefault("8G")
    MemorySize modelMemory();

    /** What each model's network may take of the GPU, such as 6G; without it all there is. */
    Optional<MemorySize> gpuMemory();
  }
}
