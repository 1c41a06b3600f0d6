package dev.latentline.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class TemporaryPagesTest {
  @Test
  void whatIsPutIsMappedPieceByPiece() throws IOException {
    float[] many = new float[700_000];
    for (int i = 0; i < many.length; i++) {
      many[i] = i;
    }
    ByteBuffer first;
    ByteBuffer second;
    try (TemporaryPages pages = TemporaryPages.open()) {
      pages.put(new float[] {1, 2});
      pages.put(new float[] {3});
      first = pages.map();
      pages.put(many);
      second = pages.map();
    }

    assertThat(floats(first)).containsExactly(1, 2, 3);
    assertThat(floats(second)).isEqualTo(many);
  }

  /** A page that cannot be written would end the process in the middle of its use. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aFolderWithoutRoomIsToldInOneLine() throws IOException {
    FileChannel full = FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE);
    try (TemporaryPages pages = new TemporaryPages(full)) {
      assertThatThrownBy(() -> pages.put(new float[3]))
          .isInstanceOf(NoRoomException.class)
          .hasMessageContaining("has no room for more than 0.0 GB of weights")
          .hasMessageContaining("java.io.tmpdir");
    }
  }

  /** Of sums that were given up; nothing else would have them given back. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void pagesThatNobodyReachesMakeRoom(@TempDir Path folder) throws IOException {
    try (TemporaryPages givenUp = TemporaryPages.open()) {
      givenUp.put(new float[] {1});
      givenUp.map();
    }
    assertThat(UnreachablePagesTest.mappings()).isPositive();
    FileChannel file =
        FileChannel.open(
            folder.resolve("weights"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    FullChannel full = new FullChannel(file, () -> UnreachablePagesTest.mappings() > 0);

    ByteBuffer numbers;
    try (TemporaryPages pages = new TemporaryPages(full)) {
      pages.put(new float[] {2, 3});
      numbers = pages.map();
    }

    assertThat(floats(numbers)).containsExactly(2, 3);
  }

  private static float[] floats(ByteBuffer bytes) {
    float[] floats = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(floats);
    return floats;
  }
}
