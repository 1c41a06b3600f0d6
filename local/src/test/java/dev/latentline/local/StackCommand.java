package dev.latentline.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The command line as the launcher script runs it, with a stack and free ports of its own. */
final class StackCommand {
  static final Duration AT_MOST = Duration.ofMinutes(5);

  /** The exit status after SIGINT. */
  static final int INTERRUPTED = 130;

  private final Path folder;

  /** What a process has left. */
  record Ran(int exitCode, List<String> out, String err) {}

  /**
   * @param folder where it runs; the state is in {@code state}
   */
  StackCommand(Path folder) {
    this.folder = folder;
  }

  Ran run(String... arguments) throws Exception {
    return run(builder("call-" + System.nanoTime(), arguments));
  }

  /** Runs to its end what {@link #builder} made. */
  Ran run(ProcessBuilder builder) throws Exception {
    Process process = builder.start();
    if (!process.waitFor(AT_MOST.toSeconds(), TimeUnit.SECONDS)) {
      process.destroy();
      throw new AssertionError("has not ended: " + builder.command());
    }
    return new Ran(
        process.exitValue(),
        Files.readAllLines(builder.redirectOutput().file().toPath(), StandardCharsets.UTF_8),
        Files.readString(builder.redirectError().file().toPath()).strip());
  }

  /** Its output goes to the files {@code name.out} and {@code name.err}. */
  ProcessBuilder builder(String name, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dlatentline.home=" + System.getProperty("latentline.home"),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.latentline.local.Main"));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(folder.resolve(name + ".out").toFile())
            .redirectError(folder.resolve(name + ".err").toFile());
    builder.environment().put("LATENTLINE_STATE", folder.resolve("state").toString());
    builder.environment().remove("LATENTLINE_URL");
    builder
        .environment()
        .put(
            "LATENTLINE_PORTS",
            "gateway=0,prompt=0,encoder=0,denoiser=0,decoder=0,store=0,broker=0,controller=0");
    return builder;
  }

  /** As {@link #builder}, with a process group of its own, as a terminal gives to a command. */
  ProcessBuilder inItsOwnGroup(String name, String... arguments) {
    ProcessBuilder builder = builder(name, arguments);
    // whoever runs the tests in the background of a script has them ignore Ctrl-C
    List<String> command = new ArrayList<>(List.of("setsid", "env", "--default-signal=INT"));
    command.addAll(builder.command());
    return builder.command(command);
  }

  /** What Ctrl-C on a terminal does. */
  void interruptGroup(Process leader) throws Exception {
    assertThat(
            new ProcessBuilder("kill", "-INT", "--", "-" + leader.pid())
                .inheritIO()
                .start()
                .waitFor())
        .isZero();
  }

  /** Every process of the stack works in its state folder; Linux tells of it, other systems not. */
  void assertNothingRuns() throws IOException {
    List<String> left = new ArrayList<>();
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      Path cwd = Path.of("/proc", Long.toString(process.pid()), "cwd");
      try {
        if (Files.isSymbolicLink(cwd) && Files.readSymbolicLink(cwd).startsWith(folder)) {
          left.add(process.pid() + " " + process.info().commandLine().orElse(""));
        }
      } catch (IOException e) {
        // it has just ended, or is somebody else's
      }
    }
    assertThat(left).isEmpty();
    assertThat(folder.resolve("state/stack.json")).doesNotExist();
  }
}
