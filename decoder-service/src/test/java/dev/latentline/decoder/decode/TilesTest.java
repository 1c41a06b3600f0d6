package dev.latentline.decoder.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.inference.tensor.FloatTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class TilesTest {
  private static final Tiles TILES = new Tiles(8, 4);

  @Test
  void tilesReachFromEndToEndAndOverlapEnough() {
    assertThat(TILES.starts(5)).containsExactly(0);
    assertThat(TILES.starts(8)).containsExactly(0);
    for (int length = 9; length < 60; length++) {
      int[] starts = TILES.starts(length);
      assertThat(starts[0]).isZero();
      assertThat(starts[starts.length - 1]).isEqualTo(length - 8);
      for (int i = 1; i < starts.length; i++) {
        assertThat(starts[i] - starts[i - 1]).as("%d of %d", i, length).isBetween(1, 4);
      }
    }
  }

  @Test
  void whatEachPixelTakesFromItsOwnLatentComesOutUnchanged() {
    FloatTensor latents = noise(2, 13, 21);

    FloatTensor tiled = TILES.decode(latents, 2, TilesTest::doubled);

    FloatTensor whole = doubled(latents);
    assertThat(tiled.shape()).containsExactly(1, 2, 26, 42);
    for (int i = 0; i < whole.data().length; i++) {
      assertThat(tiled.data()[i]).isCloseTo(whole.data()[i], Offset.offset(1e-6f));
    }
  }

  @Test
  void allTilesHaveOneShape() {
    List<String> shapes = new ArrayList<>();
    UnaryOperator<FloatTensor> decoder =
        tile -> {
          shapes.add(tile.shape()[2] + "x" + tile.shape()[3]);
          return doubled(tile);
        };

    TILES.decode(noise(1, 6, 17), 2, decoder);

    assertThat(shapes).hasSize(4).containsOnly("6x8");
  }

  @Test
  void tilesThatDifferFadeIntoEachOther() {
    int[] calls = new int[1];
    UnaryOperator<FloatTensor> numbered =
        tile -> {
          float[] values = new float[tile.data().length];
          java.util.Arrays.fill(values, calls[0]);
          calls[0]++;
          return new FloatTensor(tile.shape(), values);
        };

    float[] row = TILES.decode(noise(1, 1, 12), 1, numbered).data();

    // the overlap is 4 to 7: an eighth, three eighths, ... deep, of which the middle half counts
    assertThat(row).containsExactly(0, 0, 0, 0, 0, 0.25f, 0.75f, 1, 1, 1, 1, 1);
  }

  @Test
  void tilesThatAllOverlapAreRefused() {
    assertThatThrownBy(() -> new Tiles(8, 8)).isInstanceOf(IllegalArgumentException.class);
  }

  /** Every latent becomes 2 x 2 pixels of its value. */
  private static FloatTensor doubled(FloatTensor latents) {
    int planes = (int) latents.shape()[1];
    int height = (int) latents.shape()[2];
    int width = (int) latents.shape()[3];
    float[] values = new float[planes * height * width * 4];
    for (int i = 0; i < values.length; i++) {
      int x = i % (2 * width) / 2;
      int y = i / (2 * width) % (2 * height) / 2;
      int plane = i / (4 * width * height);
      values[i] = latents.data()[(plane * height + y) * width + x];
    }
    return new FloatTensor(new long[] {1, planes, 2 * height, 2 * width}, values);
  }

  private static FloatTensor noise(int channels, int height, int width) {
    Random random = new Random(7);
    float[] values = new float[channels * height * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return new FloatTensor(new long[] {1, channels, height, width}, values);
  }
}
