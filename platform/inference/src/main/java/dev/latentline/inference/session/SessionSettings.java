package dev.latentline.inference.session;

import java.util.Optional;

/**
 * Where and how a graph runs. Device and threads belong to the runtime class: others may give other
 * last bits.
 *
 * @param intraOpThreads threads that one operator is split over on the CPU; one makes the most
 *     pictures where there is a replica for each core, several make one sooner
 * @param gpuMemoryBytes what the graph's weights and intermediate results may take of a GPU; empty:
 *     all there is. The libraries' own memory (about 0.5 GB a process) comes on top
 * @param channelsLast whether convolutions run in NHWC on a GPU, the layout of its tensor cores
 */
public record SessionSettings(
    Device device, int intraOpThreads, Optional<Long> gpuMemoryBytes, boolean channelsLast) {
  private static final int MAX_THREADS = 512;

  public SessionSettings {
    if (intraOpThreads < 1 || intraOpThreads > MAX_THREADS) {
      throw new IllegalArgumentException(
          "latentline.inference.threads must be 1 to " + MAX_THREADS + ", not " + intraOpThreads);
    }
    if (gpuMemoryBytes.isPresent() && gpuMemoryBytes.get() < 1) {
      throw new IllegalArgumentException(
          "latentline.inference.gpu-memory must be a positive size such as 6G, not "
              + gpuMemoryBytes.get());
    }
  }

  public static SessionSettings cpu(int intraOpThreads) {
    return of(Device.CPU, intraOpThreads, Optional.empty());
  }

  public static SessionSettings of(
      Device device, int intraOpThreads, Optional<Long> gpuMemoryBytes) {
    return new SessionSettings(device, intraOpThreads, gpuMemoryBytes, true);
  }
}
