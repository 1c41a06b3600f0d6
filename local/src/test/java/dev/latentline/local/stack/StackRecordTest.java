package dev.latentline.local.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class StackRecordTest {
  private static final ProcessHandle SELF = ProcessHandle.current();

  /** USER_HZ, by which Linux tells of its ticks. */
  private static final int TICKS_PER_SECOND = 100;

  @TempDir Path folder;

  @Test
  void aStackIsFoundByItsRecordUntilThatIsRemoved() {
    StateFolder state = new StateFolder(folder);
    StackRecord record =
        StackRecord.own(false, List.of(StackRecord.Part.of("gateway", 8080, SELF)));
    assertThat(StackRecord.running(state)).isEmpty();
    record.write(state);

    assertThat(StackRecord.running(state)).contains(record);
    assertThat(record.supervisor()).contains(SELF);
    assertThat(record.parts().get(0).process()).contains(SELF);
    assertThat(record.port(Role.GATEWAY)).contains(8080);

    StackRecord.remove(state);
    assertThat(StackRecord.running(state)).isEmpty();
  }

  @Test
  void aPidThatIsAnotherProcessesByNowIsNotTheStacks() {
    StateFolder state = new StateFolder(folder);
    new StackRecord(SELF.pid(), "another start", false, List.of()).write(state);

    assertThat(StackRecord.running(state)).isEmpty();
    assertThat(new StackRecord.Part("gateway", 8080, SELF.pid(), "").process()).isEmpty();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aProcessIsKnownByItsTicksSinceTheBootWhichNoClockMoves() throws Exception {
    // the boot's time is only read here, to see that these are the ticks of the start
    long boot =
        Files.readAllLines(Path.of("/proc/stat")).stream()
            .filter(line -> line.startsWith("btime "))
            .mapToLong(line -> Long.parseLong(line.substring("btime ".length())))
            .findFirst()
            .orElseThrow();
    String[] start = ProcessStart.of(SELF).split(" ");

    assertThat(start[0])
        .isEqualTo(Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip());
    Instant started = SELF.info().startInstant().orElseThrow();
    assertThat(boot + Long.parseLong(start[1]) / TICKS_PER_SECOND)
        .isCloseTo(started.getEpochSecond(), within(2L));
  }

  @Test
  void theNameOfAProgramCannotTellOfAnotherStart() throws Exception {
    Files.createDirectories(folder.resolve("sys/kernel/random"));
    Files.writeString(folder.resolve("sys/kernel/random/boot_id"), "891ecdf1\n");
    Files.createDirectories(folder.resolve("7"));
    Files.writeString(
        folder.resolve("7/stat"),
        "7 (a) R 1 2 3) S 5 6 7 0 -1 4194304 102 0 0 0 0 0 0 0 20 0 1 0 3809294 3133440 416\n");

    assertThat(ProcessStart.sinceBoot(folder, 7)).contains("891ecdf1 3809294");
    assertThat(ProcessStart.sinceBoot(folder, 8)).isEqualTo(Optional.empty());
  }
}
