package dev.latentline.decoder.pixels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.inference.tensor.FloatTensor;
import org.junit.jupiter.api.Test;

class PixelsTest {
  @Test
  void planesBecomeInterleavedBytes() {
    Pixels pixels =
        Pixels.fromPlanes(
            new FloatTensor(
                new long[] {1, 3, 1, 2}, new float[] {-1, 1, 0, 0.5f, -0.998f, -0.99f}));

    assertThat(pixels.width()).isEqualTo(2);
    assertThat(pixels.height()).isEqualTo(1);
    // 0.25 and 1.27 of 255 go to the nearest; a half goes to the even neighbour
    assertThat(pixels.rgb())
        .containsExactly((byte) 0, (byte) 128, (byte) 0, (byte) 255, (byte) 191, (byte) 1);
  }

  @Test
  void whatLiesBeyondTheRangeGoesToItsEnd() {
    Pixels pixels =
        Pixels.fromPlanes(new FloatTensor(new long[] {1, 3, 1, 1}, new float[] {-7, 1.01f, 3e9f}));

    assertThat(pixels.rgb()).containsExactly((byte) 0, (byte) 255, (byte) 255);
  }

  @Test
  void theDigestIsThatOfTheBytes() {
    assertThat(new Pixels(1, 1, new byte[] {'a', 'b', 'c'}).sha256())
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }

  @Test
  void aSizeThatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> new Pixels(2, 2, new byte[11]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
