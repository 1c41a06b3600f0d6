package dev.latentline.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class UnreachablePagesTest {
  @Test
  @EnabledOnOs(OS.LINUX)
  void onlyThoseThatNobodyReachesAreGivenBack() throws IOException {
    ByteBuffer kept = mapped(1);
    for (int i = 0; i < 20; i++) {
      mapped(2);
    }

    assertThat(UnreachablePages.giveBackUntil(() -> mappings() == 1)).isTrue();
    assertThat(kept.getFloat()).isEqualTo(1);
  }

  @Test
  void itIsSaidThatTheyAreNotEnough() {
    AtomicInteger asked = new AtomicInteger();

    assertThat(UnreachablePages.giveBackUntil(() -> asked.incrementAndGet() > 100)).isFalse();
    assertThat(asked).hasPositiveValue();
  }

  private static ByteBuffer mapped(float value) throws IOException {
    try (TemporaryPages pages = TemporaryPages.open()) {
      pages.put(new float[] {value});
      return pages.map();
    }
  }

  /** How many pieces of temporary pages this process has mapped. */
  static long mappings() {
    try {
      return Files.readAllLines(Path.of("/proc/self/maps")).stream()
          .filter(line -> line.contains("/latentline-") && line.contains(".weights"))
          .count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
