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

  private static float[] floats(ByteBuffer bytes) {
    float[] floats = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(floats);
    return floats;
  }
}
