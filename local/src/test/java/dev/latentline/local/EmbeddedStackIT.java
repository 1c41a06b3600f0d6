package dev.latentline.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.testkit.Patience;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The whole stack by the command line: all seven processes, real model, real broker and store. */
@Execution(ExecutionMode.CONCURRENT)
class EmbeddedStackIT {
  private static final Duration START = StackCommand.AT_MOST;
  private static final List<String> PARTS =
      List.of("gateway", "prompt", "encoder", "denoiser", "decoder", "store", "broker");

  @TempDir Path folder;
  private final List<Process> started = new ArrayList<>();
  private StackCommand command;

  @BeforeEach
  void prepare() {
    command = new StackCommand(folder);
  }

  @AfterEach
  void endEverything() throws Exception {
    for (Process process : started) {
      process.destroy();
      if (!process.waitFor(Patience.SOON.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    }
  }

  @Test
  void aCallWithoutAStackStartsOneDrawsAndLeavesNothingRunning() throws Exception {
    StackCommand.Ran first =
        run("generate", "a red apple", "--seed", "7", "--out", "a.png", "--port", "gateway=0");
    assertThat(first.err()).doesNotContain("latentline:");
    assertThat(first.out()).containsExactly("a.png");
    assertThat(first.exitCode()).isZero();
    assertThat(folder.resolve("state/stack.json")).doesNotExist();
    BufferedImage picture = ImageIO.read(folder.resolve("a.png").toFile());
    assertThat(picture.getWidth()).isEqualTo(128);

    // the data of the first call is still there, and the same seed gives the same bytes
    StackCommand.Ran second = run("generate", "a red apple", "--seed", "7", "--out", "b.png");
    assertThat(second.exitCode()).isZero();
    assertThat(Files.readAllBytes(folder.resolve("b.png")))
        .isEqualTo(Files.readAllBytes(folder.resolve("a.png")));
  }

  @Test
  void aStackThatIsUpServesCallsRestartsWhatDiesAndEndsWithDown() throws Exception {
    Process up = start("up");
    List<Long> pids = awaitParts(up);
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(folder.resolve("state/secrets.properties"))))
        .isEqualTo("rw-------");

    StackCommand.Ran status = run("status");
    assertThat(status.exitCode()).isZero();
    assertThat(String.join("\n", status.out())).contains(PARTS);
    assertThat(run("generate", "a fish", "--count", "2", "--out", "fish.png").out())
        .containsExactly("fish-0.png", "fish-1.png");
    String steering = "starter-edges:fish-0.png:0.9";
    for (String out : List.of("a.png", "b.png")) {
      StackCommand.Ran steered =
          run(
              "generate",
              "a cat",
              "--seed",
              "7",
              "--control",
              steering,
              "--preprocessor",
              "canny",
              "--out",
              out);
      assertThat(steered.exitCode()).as("%s", steered.err()).isZero();
    }
    assertThat(run("generate", "a cat", "--seed", "7", "--out", "c.png").exitCode()).isZero();
    assertThat(folder.resolve("a.png")).hasSameBinaryContentAs(folder.resolve("b.png"));
    assertThat(Files.mismatch(folder.resolve("a.png"), folder.resolve("c.png")))
        .as("the picture steers")
        .isNotNegative();
    for (List<String> prompt : List.of(List.of("a cat"), List.<String>of())) {
      List<String> call = new ArrayList<>(List.of("generate"));
      call.addAll(prompt);
      call.addAll(List.of("--seed", "7", "--image-prompt", "fish-0.png", "--out", "d.png"));
      StackCommand.Ran prompted = run(call.toArray(String[]::new));
      assertThat(prompted.exitCode()).as("%s", prompted.err()).isZero();
      assertThat(Files.mismatch(folder.resolve("d.png"), folder.resolve("c.png")))
          .as("the picture is a prompt")
          .isNotNegative();
    }
    StackCommand.Ran again = run("up");
    assertThat(again.exitCode()).isEqualTo(1);
    assertThat(again.err()).contains("a stack runs already (process ");

    long denoiser = pids.get(PARTS.indexOf("denoiser"));
    ProcessHandle.of(denoiser).orElseThrow().destroyForcibly();
    await()
        .atMost(START)
        .untilAsserted(
            () -> assertThat(pids().get(PARTS.indexOf("denoiser"))).isNotEqualTo(denoiser));
    assertThat(run("generate", "a cat", "--out", "cat.png").exitCode()).isZero();

    List<Long> last = pids();
    assertThat(run("down").exitCode()).isZero();
    assertThat(up.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(last).noneMatch(pid -> ProcessHandle.of(pid).isPresent());
  }

  @Test
  void nothingOutlivesASupervisorThatIsKilled() throws Exception {
    Process up = start("up");
    List<Long> pids = awaitParts(up);
    up.destroyForcibly();
    await()
        .atMost(Patience.SOON)
        .untilAsserted(() -> assertThat(pids).noneMatch(pid -> ProcessHandle.of(pid).isPresent()));
  }

  @Test
  void ctrlCInTheMiddleOfACallCancelsItAndLeavesNothingRunning() throws Exception {
    ProcessBuilder call =
        command.inItsOwnGroup("call", "generate", "a cat", "--steps", "150", "--count", "4");
    Process process = call.start();
    started.add(process);
    await()
        .atMost(START)
        .until(
            () ->
                !process.isAlive() || Files.readString(folder.resolve("call.err")).contains("25%"));

    command.interruptGroup(process);

    assertThat(process.waitFor(Patience.SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    String said = Files.readString(folder.resolve("call.err"));
    assertThat(said)
        .containsPattern("stopped, and generation gen_\\w+ is cancelled")
        .doesNotContain("latentline:", "Exception", "could not");
    assertThat(process.exitValue()).as(said).isEqualTo(StackCommand.INTERRUPTED);
    command.assertNothingRuns();
  }

  @Test
  void ctrlCWhileTheStackStartsIsNoFailureOfAPartAndLeavesNothingRunning() throws Exception {
    Process process = command.inItsOwnGroup("call", "generate", "a cat").start();
    started.add(process);
    Path log = folder.resolve("state/logs/gateway.log");
    await().atMost(START).until(() -> !process.isAlive() || Files.exists(log));

    command.interruptGroup(process);

    assertThat(process.waitFor(Patience.SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    String said = Files.readString(folder.resolve("call.err"));
    assertThat(said)
        .containsOnlyOnce("stopped before everything was ready")
        .doesNotContain("latentline:", "Exception", "its log is");
    assertThat(process.exitValue()).as(said).isEqualTo(StackCommand.INTERRUPTED);
    command.assertNothingRuns();
  }

  @Test
  void aPortInUseIsNamedWithItsPartAndTheWayOut() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      StackCommand.Ran ran = run("up", "--port", "encoder=" + taken.getLocalPort());
      assertThat(ran.exitCode()).isEqualTo(1);
      assertThat(ran.err())
          .contains("port " + taken.getLocalPort() + ", which the encoder needs, is in use")
          .contains("--port encoder=N");
    }
  }

  @Test
  void anUnknownModelIsSaidBeforeAnythingIsStarted() throws Exception {
    StackCommand.Ran ran = run("generate", "a cat", "--model", "nope");
    assertThat(ran.exitCode()).isEqualTo(2);
    assertThat(ran.err())
        .isEqualTo("latentline: there is no model nope: choose one of starter, starter-turbo");
  }

  private List<Long> awaitParts(Process up) {
    await()
        .atMost(START)
        .until(
            () ->
                !up.isAlive()
                    || Files.readString(folder.resolve("up.err")).contains("ready after"));
    assertThat(up.isAlive()).as("%s", folder.resolve("up.err")).isTrue();
    return pids();
  }

  private List<Long> pids() {
    try {
      JsonNode stack = new ObjectMapper().readTree(folder.resolve("state/stack.json").toFile());
      List<Long> pids = new ArrayList<>();
      for (String name : PARTS) {
        for (JsonNode part : stack.path("parts")) {
          if (part.path("name").asText().equals(name)) {
            pids.add(part.path("pid").asLong());
          }
        }
      }
      assertThat(pids).hasSize(PARTS.size());
      return pids;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Process start(String name) throws IOException {
    Process process = command.builder(name, name).start();
    started.add(process);
    return process;
  }

  private StackCommand.Ran run(String... arguments) throws Exception {
    return command.run(arguments);
  }
}
