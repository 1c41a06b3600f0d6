package dev.latentline.inference.session;

import dev.latentline.inference.tensor.UnreachablePages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * How much memory this process may still take, so that a network that cannot fit is refused with
 * the reason, instead of the kernel ending the process in the middle of loading. Linux only.
 *
 * @param memInfo /proc/meminfo
 * @param group the folder of the control group, version 2, that a container is held to
 */
record FreeMemory(Path memInfo, Path group) {
  static final FreeMemory HERE =
      new FreeMemory(Path.of("/proc/meminfo"), Path.of("/sys/fs/cgroup"));

  /**
   * While weights are widened and laid out anew, ONNX Runtime holds most of them twice (measured:
   * 6.3 GB beside the mapped file for 3.4 GB of weights).
   */
  private static final int COPIES_WHILE_LOADING = 2;

  /**
   * @param weightBytes of a graph, as they are computed with
   * @throws NotEnoughMemoryException when there is not enough to load them, with both figures
   */
  void require(String graph, long weightBytes) {
    long needed = weightBytes * COPIES_WHILE_LOADING;
    if (lacks(needed) && !UnreachablePages.giveBackUntil(() -> !lacks(needed))) {
      throw new NotEnoughMemoryException(
          String.format(
              "the graph %s takes %.1f GB of memory while it is loaded, and %.1f GB are free: give"
                  + " the machine or the container more, or other models of this service less"
                  + " (latentline.inference.model-memory)",
              graph, needed / 1e9, bytes().orElse(0) / 1e9));
    }
  }

  private boolean lacks(long needed) {
    OptionalLong free = bytes();
    return free.isPresent() && free.getAsLong() < needed;
  }

  /** Empty where nothing tells. */
  OptionalLong bytes() {
    OptionalLong machine = line(memInfo, "MemAvailable:", 1024);
    OptionalLong limit = line(group.resolve("memory.max"), "", 1);
    OptionalLong used = line(group.resolve("memory.current"), "", 1);
    if (limit.isEmpty() || used.isEmpty()) {
      return machine;
    }
    // pages of files that were read are given up first
    long files = line(group.resolve("memory.stat"), "inactive_file", 1).orElse(0);
    long left = Math.max(0, limit.getAsLong() - used.getAsLong() + files);
    return OptionalLong.of(Math.min(left, machine.orElse(left)));
  }

  /** The number in the line that begins so. */
  private static OptionalLong line(Path file, String begin, long unit) {
    List<String> lines;
    try {
      lines = Files.isReadable(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
    for (String line : lines) {
      String rest = line.startsWith(begin) ? line.substring(begin.length()).strip() : "";
      String number = rest.split("\\s+")[0];
      if (number.matches("\\d{1,18}")) {
        return OptionalLong.of(Long.parseLong(number) * unit);
      }
    }
    return OptionalLong.empty();
  }
}
