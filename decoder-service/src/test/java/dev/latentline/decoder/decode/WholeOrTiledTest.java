package dev.latentline.decoder.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.inference.session.OutOfDeviceMemoryException;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WholeOrTiledTest {
  private final List<Integer> decoded = new ArrayList<>();
  private int memory = Integer.MAX_VALUE;
  private final WholeOrTiled size = new WholeOrTiled(400, new Tiles(8, 2));

  @Test
  void whatIsLargerThanTheBoundGoesInTiles() {
    decode(20, 20);
    assertThat(decoded).containsExactly(400);
    decoded.clear();

    decode(20, 21);
    assertThat(decoded).hasSize(12).containsOnly(64);
  }

  @Test
  void whatMemoryIsTooSmallForGoesInTilesAndIsNotTriedAgain() {
    memory = 300;

    decode(20, 20);
    assertThat(decoded).hasSize(1 + 9).startsWith(400).endsWith(64);
    decoded.clear();

    decode(20, 20);
    assertThat(decoded).hasSize(9).containsOnly(64);
    decoded.clear();

    decode(16, 16);
    assertThat(decoded).containsExactly(256);
  }

  @Test
  void whereEvenATileIsTooLargeItIsSaid() {
    memory = 50;

    assertThatThrownBy(() -> decode(8, 8)).isInstanceOf(OutOfDeviceMemoryException.class);
    assertThatThrownBy(() -> decode(20, 20)).isInstanceOf(OutOfDeviceMemoryException.class);
  }

  private void decode(int height, int width) {
    FloatTensor latents =
        new FloatTensor(new long[] {1, 1, height, width}, new float[height * width]);
    assertThat(size.decode(latents, 1, this::decoder).shape()).containsExactly(1, 1, height, width);
  }

  private FloatTensor decoder(FloatTensor latents) {
    decoded.add(latents.data().length);
    if (latents.data().length > memory) {
      throw new OutOfDeviceMemoryException("full", null);
    }
    return latents;
  }
}
