package dev.latentline.local.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * When a process started, as its system keeps it: with the pid it names the process, since pids are
 * used again. To be compared, not to be read.
 */
final class ProcessStart {
  private static final Path PROC = Path.of("/proc");

  /** Of proc_pid_stat(5), counted from behind the second field, whose text may hold anything. */
  private static final int START_TIME = 22 - 3;

  private ProcessStart() {}

  /** Empty where nothing tells. */
  static String of(ProcessHandle process) {
    // Linux's ProcessHandle adds the time of the boot to it, which moves when the clock is set
    return sinceBoot(PROC, process.pid())
        .orElseGet(() -> process.info().startInstant().map(Instant::toString).orElse(""));
  }

  /**
   * The boot, and the ticks between it and the start: no clock that is set changes either. Empty
   * where the process is gone, or the system is not Linux.
   */
  static Optional<String> sinceBoot(Path proc, long pid) {
    try {
      String boot = Files.readString(proc.resolve("sys/kernel/random/boot_id")).strip();
      String stat = Files.readString(proc.resolve(Long.toString(pid)).resolve("stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
      return Optional.of(boot + " " + fields[START_TIME]);
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
