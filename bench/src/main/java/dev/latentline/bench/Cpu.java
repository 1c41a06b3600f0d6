package dev.latentline.bench;

import java.lang.management.ManagementFactory;
import java.time.Duration;

/**
 * What processes use of the cores. Unlike time on the clock it says the same, but for shared
 * caches, whatever else runs on the machine.
 */
final class Cpu {
  private Cpu() {}

  static double secondsOf(ProcessHandle process) {
    return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
  }

  /** Of a thread of this process. */
  static double secondsOfThread(Thread thread) {
    return ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.getId()) / 1e9;
  }

  /** Of this process. */
  static double seconds() {
    return secondsOf(ProcessHandle.current());
  }
}
