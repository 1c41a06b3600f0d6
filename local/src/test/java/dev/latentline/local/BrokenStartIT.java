package dev.latentline.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.testkit.Patience;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stack that cannot start names the part that is broken, not one that waits for it. */
class BrokenStartIT {
  /** A part that waits for a broken one is given up after 120 s. */
  private static final Duration SOON = Patience.SOON;

  @TempDir Path folder;
  private StackCommand command;

  @BeforeEach
  void prepare() {
    command = new StackCommand(folder);
  }

  @Test
  void aBrokerWhoseDataIsDamagedIsNamedWithTheEndOfItsLog() throws Exception {
    Path data = Files.createDirectories(folder.resolve("state/data/kafka/data"));
    Files.writeString(data.resolve("meta.properties"), "version=1\nnode.id=7\ncluster.id=other\n");

    StackCommand.Ran ran = failing(command.builder("call", "up"));

    assertThat(ran.err())
        .contains("latentline: broker ended with status 1 before everything was ready")
        .contains("state/logs/broker.log and ends with")
        .contains("node id 7")
        .contains("LATENTLINE_STATE");
  }

  @Test
  void aFileWhereTheBrokersFolderShouldBeIsNamed() throws Exception {
    Path data = Files.createDirectories(folder.resolve("state/data"));
    Files.writeString(data.resolve("kafka"), "no folder");

    StackCommand.Ran ran = failing(command.builder("call", "generate", "a cat"));

    assertThat(ran.err())
        .contains("latentline: cannot write settings to " + data.resolve("kafka"))
        .contains("LATENTLINE_STATE")
        .doesNotContain("should not have happened");
  }

  @Test
  void aFileWhereTheStoresFolderShouldBeIsNamed() throws Exception {
    Path data = Files.createDirectories(folder.resolve("state/data"));
    Files.writeString(data.resolve("s3"), "no folder");

    StackCommand.Ran ran = failing(command.builder("call", "up"));

    assertThat(ran.err())
        .contains("latentline: cannot start store: ")
        .contains("LATENTLINE_STATE")
        .doesNotContain("should not have happened");
  }

  @Test
  void aServiceThatRefusesAnAlteredModelIsNamedWithItsReason() throws Exception {
    Path models = copy(Path.of(System.getProperty("latentline.home"), "models/target/catalogue"));
    try (Stream<Path> files = Files.walk(models)) {
      Path altered = files.filter(f -> f.endsWith("unet/model.onnx")).findFirst().orElseThrow();
      Files.write(altered, new byte[] {0}, StandardOpenOption.APPEND);
    }
    ProcessBuilder call = command.builder("call", "generate", "a cat");
    call.environment().put("LATENTLINE_MODELS", models.toString());

    StackCommand.Ran ran = failing(call);

    assertThat(ran.err())
        .containsPattern("latentline: \\w+ ended with status 1 before everything was ready")
        .contains("unet/model.onnx")
        .contains("LATENTLINE_MODELS");
  }

  @Test
  void aPoolThatNoDenoiserWouldServeIsNamed() throws Exception {
    Path left = Files.createDirectories(folder.resolve("state/models/.importing-7/ink"));
    Path models = copy(Path.of(System.getProperty("latentline.home"), "models/target/catalogue"));
    Files.writeString(models.resolve("pools.yaml"), "default: [starter]\nfast: [starter-turbo]\n");
    ProcessBuilder call = command.builder("call", "up");
    call.environment().put("LATENTLINE_MODELS", models.toString());

    assertThat(failing(call).err())
        .contains("has the pools [default, fast], and this stack has one denoiser");
    assertThat(left).as("what a killed import left").doesNotExist();
  }

  private StackCommand.Ran failing(ProcessBuilder call) throws Exception {
    long begun = System.nanoTime();
    StackCommand.Ran ran = command.run(call);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).as(ran.err()).isLessThan(SOON);
    assertThat(ran.exitCode()).isEqualTo(CliException.FAILED);
    assertThat(ran.out()).isEmpty();
    command.assertNothingRuns();
    return ran;
  }

  private Path copy(Path from) throws IOException {
    Path to = folder.resolve("catalogue");
    List<Path> all;
    try (Stream<Path> walk = Files.walk(from)) {
      all = walk.toList();
    }
    for (Path file : all) {
      Files.copy(file, to.resolve(from.relativize(file).toString()));
    }
    return to;
  }
}
