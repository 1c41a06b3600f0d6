package dev.latentline.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedIT {
  private static final Duration START = Duration.ofSeconds(120);

  @TempDir Path folder;

  @Test
  void brokerAndStoreStartTogetherAndComeBackOnTheSameFoldersAfterKill() {
    List<Integer> ports = Ports.free(3);
    KafkaBroker broker =
        new KafkaBroker(
            Checkout.current(),
            folder.resolve("kafka"),
            folder.resolve("broker.log"),
            ports.get(0),
            ports.get(1));
    S3Store store =
        new S3Store(
            Checkout.current(),
            folder.resolve("s3"),
            folder.resolve("store.log"),
            ports.get(2),
            new S3Store.Keys("key", "secret"));

    ChildProcess brokerRun = broker.start();
    ChildProcess storeRun = store.start();
    storeRun.awaitReady(store::serves, START);
    brokerRun.awaitReady(broker::serves, START);
    brokerRun.kill();
    storeRun.kill();
    assertThat(broker.serves()).isFalse();
    assertThat(store.serves()).isFalse();

    brokerRun = broker.start();
    storeRun = store.start();
    storeRun.awaitReady(store::serves, START);
    brokerRun.awaitReady(broker::serves, START);
    brokerRun.stop(Duration.ofSeconds(20));
    storeRun.stop(Duration.ofSeconds(5));
    assertThat(brokerRun.isAlive()).isFalse();
    assertThat(storeRun.isAlive()).isFalse();
  }

  @Test
  void aChildThatEndsIsReportedAtOnceWithTheEndOfItsLog() {
    ChildProcess child = start("sh", "-c", "echo first; echo the reason; exit 3");

    long begun = System.nanoTime();
    assertThatThrownBy(() -> child.awaitReady(() -> false, START))
        .isInstanceOf(ChildFailedException.class)
        .hasMessageContaining("ended with status 3")
        .hasMessageContaining("the reason");
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void theReasonIsNotPushedOutByTheFramesOfItsStackTrace() throws Exception {
    ChildProcess child =
        start(
            "sh",
            "-c",
            "echo the reason; for i in $(seq 40); do printf '\\tat a.B.c(B.java:%d)\\n' $i; done;"
                + " printf '\\t... 9 more\\n\\n'");
    child.onExit().get(START.toSeconds(), TimeUnit.SECONDS);

    assertThat(child.lastLines()).isEqualTo("the reason");
  }

  @Test
  void aChildThatIgnoresTermIsKilledAfterTheGrace() {
    ChildProcess child =
        start("sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done")
            .awaitReady(() -> true, START);
    child.stop(Duration.ofMillis(300));
    assertThat(child.isAlive()).isFalse();
  }

  @Test
  void aJavaChildThatIsOutOfMemoryEnds() throws Exception {
    List<String> command =
        new JavaCommand()
            .light(16)
            .classpath(System.getProperty("java.class.path"))
            .main(Hungry.class.getName());
    ChildProcess child =
        ChildProcess.start(
            new ChildProcess.Spec("hungry", command, Map.of(), folder, folder.resolve("log")));
    assertThat(child.onExit().get(START.toSeconds(), TimeUnit.SECONDS)).isNotZero();
    assertThat(child.lastLines()).contains("OutOfMemoryError");
  }

  @Test
  void aFrozenChildDoesNothingUntilItIsThawed() throws Exception {
    ChildProcess child = start("sh", "-c", "until [ -e go ]; do sleep 0.1; done");
    child.freeze();
    Files.createFile(folder.resolve("go"));
    assertThatThrownBy(() -> child.onExit().get(1500, TimeUnit.MILLISECONDS))
        .isInstanceOf(java.util.concurrent.TimeoutException.class);
    child.thaw();
    assertThat(child.onExit().get(START.toSeconds(), TimeUnit.SECONDS)).isZero();
  }

  @Test
  void aJavaChildEndsWhenItsParentIsKilled() throws Exception {
    Path pidFile = folder.resolve("pid");
    ChildProcess parent =
        ChildProcess.start(
            new ChildProcess.Spec(
                "parent",
                new JavaCommand()
                    .light(64)
                    .classpath(System.getProperty("java.class.path"))
                    .main(ParentOfOne.class.getName(), pidFile.toString()),
                Map.of(),
                folder,
                folder.resolve("parent.log")));
    parent.awaitReady(() -> Files.exists(pidFile), START);
    Optional<ProcessHandle> grandchild =
        ProcessHandle.of(Long.parseLong(Files.readString(pidFile)));
    assertThat(grandchild).isPresent();

    parent.kill();

    grandchild.get().onExit().get(START.toSeconds(), TimeUnit.SECONDS);
    assertThat(grandchild.get().isAlive()).isFalse();
  }

  private ChildProcess start(String... command) {
    return ChildProcess.start(
        new ChildProcess.Spec(
            "child", List.of(command), Map.of(), folder, folder.resolve("child.log")));
  }
}
