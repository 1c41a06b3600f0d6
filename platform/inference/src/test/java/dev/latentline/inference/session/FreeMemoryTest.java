package dev.latentline.inference.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FreeMemoryTest {
  @TempDir Path folder;
  private FreeMemory memory;

  @BeforeEach
  void machine() throws IOException {
    Files.writeString(
        folder.resolve("meminfo"), "MemTotal:  9000000 kB\nMemAvailable:    6000000 kB\n");
    memory = new FreeMemory(folder.resolve("meminfo"), folder);
  }

  @Test
  void withoutAContainerTheMachineCounts() throws IOException {
    assertThat(memory.bytes()).hasValue(6_144_000_000L);
    Files.writeString(folder.resolve("memory.max"), "max\n");
    Files.writeString(folder.resolve("memory.current"), "5\n");
    assertThat(memory.bytes()).hasValue(6_144_000_000L);
  }

  @Test
  void aContainersLimitCountsWithTheFilesThatItCanGiveUp() throws IOException {
    Files.writeString(folder.resolve("memory.max"), "4000\n");
    Files.writeString(folder.resolve("memory.current"), "3000\n");
    Files.writeString(folder.resolve("memory.stat"), "anon 2500\ninactive_file 400\n");
    assertThat(memory.bytes()).hasValue(1400);
  }

  @Test
  void aGraphThatDoesNotFitIsRefusedWithWhatItNeeds() {
    assertThatCode(() -> memory.require("unet/model.onnx", 3_000_000_000L))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> memory.require("unet/model.onnx", 3_440_000_000L))
        .isInstanceOf(GraphFailedException.class)
        .hasMessageContaining("unet/model.onnx takes 6.9 GB of memory")
        .hasMessageContaining("6.1 GB are free");
  }

  @Test
  void beforeOneIsRefusedPagesThatNobodyReachesAreGivenBack() {
    WeakReference<Object> unreachable = new WeakReference<>(new Object());

    assertThatThrownBy(() -> memory.require("unet/model.onnx", 3_440_000_000L))
        .isInstanceOf(NotEnoughMemoryException.class);

    assertThat(unreachable.get()).as("the collector has looked").isNull();
  }

  @Test
  void whereNothingTellsNothingIsRefused() {
    FreeMemory unknown = new FreeMemory(folder.resolve("absent"), folder);
    assertThat(unknown.bytes()).isEmpty();
    assertThatCode(() -> unknown.require("unet/model.onnx", Long.MAX_VALUE / 4))
        .doesNotThrowAnyException();
  }
}
