package dev.latentline.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.testkit.Patience;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When the launcher script builds, in a checkout of empty files whose Maven and Java pretend. */
class LauncherIT {
  private static final List<String> SERVICES =
      List.of(
          "gateway", "prompt-service", "encoder-service", "denoiser-service", "decoder-service");

  @TempDir Path folder;
  private Path home;

  @BeforeEach
  void makeACheckout() throws Exception {
    home = Files.createDirectories(folder.resolve("home"));
    Files.copy(
        Path.of(System.getProperty("latentline.home"), "latentline"), home.resolve("latentline"));
    for (String source : List.of("proto", "platform/broker", "platform/store", "models", "local")) {
      Files.createDirectories(home.resolve(source));
    }
    Files.createFile(home.resolve("pom.xml"));
    for (String service : SERVICES) {
      Files.createDirectories(home.resolve(service));
    }
    program(
        "java", "case $1 in -version) echo 'openjdk version \"17.0.1\"' >&2;; *) echo java;; esac");
    program("mvn", "echo mvn >>" + folder.resolve("builds"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "down", "models"})
  void whatStartsNothingIsBuiltOnlyWhereNothingIsThere(String command) throws Exception {
    assertThat(run(command)).contains("building");
    build();
    Files.delete(home.resolve("local/target/built"));
    assertThat(run(command)).isEqualTo("java\n");
    change();
    assertThat(run(command)).isEqualTo("java\n");
    assertThat(builds()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"generate", "up"})
  void whatStartsAStackIsBuiltWhenASourceHasChanged(String command) throws Exception {
    build();
    assertThat(run(command)).isEqualTo("java\n");
    change();
    assertThat(run(command)).contains("building").endsWith("java\n");
    assertThat(builds()).isEqualTo(1);
  }

  @Test
  void nothingIsBuiltUnderAStackThatRunsHere() throws Exception {
    build();
    change();
    Process stack =
        new ProcessBuilder("bash", "-c", "sleep 60; :", "dev.latentline.local.Main").start();
    try {
      Path state = Files.createDirectories(folder.resolve("state"));
      Files.writeString(
          state.resolve("stack.json"),
          "{\n  \"pid\" : " + stack.pid() + ",\n  \"started\" : 1\n}\n");
      assertThat(run("generate")).contains("a stack runs (process " + stack.pid() + ")");
      assertThat(builds()).isZero();

      // a pid that has been given to another program
      Files.writeString(
          state.resolve("stack.json"),
          "{\n  \"pid\" : " + ProcessHandle.current().pid() + ",\n}\n");
      assertThat(run("generate")).contains("building");
      assertThat(builds()).isEqualTo(1);
    } finally {
      stack.descendants().forEach(ProcessHandle::destroy);
      stack.destroy();
    }
  }

  /** Runs it through a link, from another folder, with a relative state folder. */
  private String run(String command) throws Exception {
    Path link = folder.resolve("link");
    if (!Files.exists(link)) {
      Files.createSymbolicLink(link, Path.of("home/latentline"));
    }
    Path output = folder.resolve("output");
    ProcessBuilder builder =
        new ProcessBuilder("bash", "./link", command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().put("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"));
    builder.environment().put("LATENTLINE_STATE", "state");
    builder.environment().remove("JAVA_HOME");
    Process process = builder.start();
    assertThat(process.waitFor(Patience.SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    String said = Files.readString(output);
    assertThat(process.exitValue()).as(said).isZero();
    return said;
  }

  private int builds() throws Exception {
    Path builds = folder.resolve("builds");
    return Files.exists(builds) ? Files.readAllLines(builds).size() : 0;
  }

  /** What a build leaves. */
  private void build() throws Exception {
    List<String> folders =
        new ArrayList<>(
            List.of(
                "local/target/classes",
                "local/target/lib",
                "platform/broker/target/lib",
                "platform/store/target/lib",
                "models/target/catalogue"));
    SERVICES.forEach(service -> folders.add(service + "/target/quarkus-app"));
    for (String made : folders) {
      Files.createDirectories(home.resolve(made));
    }
    for (String service : SERVICES) {
      Files.writeString(home.resolve(service).resolve("target/quarkus-app/quarkus-run.jar"), "");
    }
    Files.writeString(home.resolve("local/target/built"), "");
  }

  private void change() throws Exception {
    Files.setLastModifiedTime(
        home.resolve("pom.xml"), FileTime.from(Instant.now().plusSeconds(3600)));
  }

  private void program(String name, String body) throws Exception {
    Path program = Files.createDirectories(folder.resolve("bin")).resolve(name);
    Files.writeString(program, "#!/usr/bin/env bash\n" + body + "\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
  }
}
