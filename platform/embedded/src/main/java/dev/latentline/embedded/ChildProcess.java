package dev.latentline.embedded;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * A running child process: its output goes to a log file, it can be waited for, stopped, killed and
 * frozen. All that run are killed when this JVM shuts down; a child whose command comes from {@link
 * JavaCommand} also ends when this JVM is killed.
 */
public final class ChildProcess {
  private static final long PROBE_MILLIS = 50;
  private static final int LAST_LINES = 15;
  private static final int LAST_BYTES = 64 * 1024;

  /** A line of a stack trace that says where, not what. */
  private static final Predicate<String> FRAME =
      Pattern.compile("\\s+(at .+|\\.\\.\\. \\d+ (more|common frames omitted))").asMatchPredicate();

  private static final long LARGEST_LOG_BYTES = 8L * 1024 * 1024;

  private static final Set<ChildProcess> RUNNING = ConcurrentHashMap.newKeySet();
  private static final List<Runnable> BEFORE_KILL = new CopyOnWriteArrayList<>();
  private static volatile boolean shuttingDown;
  private static volatile boolean done;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ChildProcess::killAll, "kill-children"));
  }

  /**
   * What to run.
   *
   * @param name for messages
   * @param environment added to this process's own
   * @param folder the working folder
   * @param log appended to; moved to {@code .1} when it has grown past 8 MB
   */
  public record Spec(
      String name, List<String> command, Map<String, String> environment, Path folder, Path log) {
    public Spec {
      command = List.copyOf(command);
      environment = Map.copyOf(environment);
    }
  }

  private final Spec spec;
  private final Process process;
  private final long logStart;

  private ChildProcess(Spec spec, Process process, long logStart) {
    this.spec = spec;
    this.process = process;
    this.logStart = logStart;
  }

  /** Starts it and returns at once. */
  public static ChildProcess start(Spec spec) {
    try {
      Files.createDirectories(spec.folder());
      Files.createDirectories(spec.log().toAbsolutePath().getParent());
      long logStart = openLog(spec.log());
      ProcessBuilder builder = new ProcessBuilder(spec.command());
      builder.environment().putAll(spec.environment());
      builder.directory(spec.folder().toFile());
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(spec.log().toFile()));
      ChildProcess child = new ChildProcess(spec, builder.start(), logStart);
      RUNNING.add(child);
      child.process.onExit().thenRun(() -> RUNNING.remove(child));
      return child;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + spec.name() + ": " + e, e);
    }
  }

  /**
   * Waits until the probe says yes.
   *
   * @param probe asked every 50 ms; must answer or give up within about a second
   * @throws ChildFailedException at once when the process ends, or when the time is over
   */
  public ChildProcess awaitReady(BooleanSupplier probe, Duration atMost) {
    long deadline = System.nanoTime() + atMost.toNanos();
    while (!probe.getAsBoolean()) {
      if (ended(PROBE_MILLIS)) {
        throw failed("ended with status " + process.exitValue() + " before it was ready");
      }
      if (System.nanoTime() > deadline) {
        throw failed("was not ready within " + atMost.toSeconds() + " s");
      }
    }
    return this;
  }

  public String name() {
    return spec.name();
  }

  public Path log() {
    return spec.log();
  }

  public long pid() {
    return process.pid();
  }

  public ProcessHandle handle() {
    return process.toHandle();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** The exit status; empty while it runs. */
  public OptionalInt exitStatus() {
    return process.isAlive() ? OptionalInt.empty() : OptionalInt.of(process.exitValue());
  }

  /** Completes with the exit status. */
  public CompletableFuture<Integer> onExit() {
    return process.onExit().thenApply(Process::exitValue);
  }

  /**
   * SIGTERM, and SIGKILL when it has not ended within the grace. Returns when it has ended.
   *
   * @return whether SIGTERM was enough
   */
  public boolean stop(Duration grace) {
    process.destroy();
    boolean inTime = ended(grace.toMillis());
    if (!inTime) {
      kill();
    }
    return inTime;
  }

  /** SIGKILL. Returns when it has ended. */
  public void kill() {
    process.destroyForcibly();
    process.onExit().join();
  }

  /** SIGSTOP: it stays there and does nothing, like a machine that swaps or a VM that is moved. */
  public void freeze() {
    signal("-STOP");
  }

  /** SIGCONT after {@link #freeze()}. */
  public void thaw() {
    signal("-CONT");
  }

  /** The end of what this run has logged, less the frames of stack traces: reasons stay. */
  public String lastLines() {
    try (RandomAccessFile file = new RandomAccessFile(spec.log().toFile(), "r")) {
      long from = Math.max(Math.min(logStart, file.length()), file.length() - LAST_BYTES);
      byte[] bytes = new byte[(int) (file.length() - from)];
      file.seek(from);
      file.readFully(bytes);
      List<String> lines =
          new String(bytes, StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.isBlank() && !FRAME.test(line))
              .toList();
      return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    } catch (IOException e) {
      return "(cannot be read: " + e.getMessage() + ")";
    }
  }

  private ChildFailedException failed(String what) {
    return new ChildFailedException(spec.name(), what, spec.log(), lastLines());
  }

  private boolean ended(long withinMillis) {
    try {
      return process.waitFor(withinMillis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for " + spec.name(), e);
    }
  }

  private void signal(String signal) {
    try {
      int status =
          new ProcessBuilder("kill", signal, Long.toString(pid())).inheritIO().start().waitFor();
      if (status != 0) {
        throw new IllegalStateException("kill " + signal + " " + spec.name() + ": " + status);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static long openLog(Path log) throws IOException {
    if (!Files.exists(log)) {
      return 0;
    }
    if (Files.size(log) > LARGEST_LOG_BYTES) {
      Files.move(
          log, log.resolveSibling(log.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
      return 0;
    }
    return Files.size(log);
  }

  /**
   * What is to happen when this JVM shuts down (SIGTERM, Ctrl-C), before all children are killed:
   * the last one given comes first, as it may need what the earlier ones end.
   */
  public static void atShutdown(Runnable first) {
    BEFORE_KILL.add(0, first);
  }

  /** Whether this JVM shuts down: that something fails now is no news. */
  public static boolean isShuttingDown() {
    return shuttingDown;
  }

  /** Whether this JVM shuts down because somebody wants it to, not by {@link #exit}. */
  public static boolean isBrokenOff() {
    return shuttingDown && !done;
  }

  /**
   * Ends this JVM, unless it does already, as all that it had to do and to say is done and said.
   */
  public static void exit(int status) {
    if (!shuttingDown) {
      done = true;
    }
    System.exit(status);
  }

  private static void killAll() {
    shuttingDown = true;
    for (Runnable first : BEFORE_KILL) {
      try {
        first.run();
      } catch (RuntimeException e) {
        System.err.println("not all was ended in order: " + e);
      }
    }
    for (ChildProcess child : new ArrayList<>(RUNNING)) {
      child.process.destroyForcibly();
    }
  }
}
