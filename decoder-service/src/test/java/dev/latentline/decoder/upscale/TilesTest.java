package dev.latentline.decoder.upscale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.UpscalerCard.Tiling;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * With a network that reaches one pixel far and sees zeros beyond its input, as convolutions do.
 */
class TilesTest {
  private static final int RECEPTIVE_FIELD = 1;

  @ParameterizedTest
  @CsvSource({"1, 1", "7, 1", "16, 16", "17, 33", "50, 64"})
  void tilesLeaveNoSeam(int width, int height) {
    Pixels picture = noise(width, height);

    Pixels whole = tiles(RECEPTIVE_FIELD, 1000).upscale(picture);

    assertThat(whole.width()).isEqualTo(2 * width);
    assertThat(whole.height()).isEqualTo(2 * height);
    for (int maxSide : new int[] {1, 5, 16}) {
      assertThat(tiles(RECEPTIVE_FIELD, maxSide).upscale(picture).rgb()).isEqualTo(whole.rgb());
    }
    assertThat(tiles(RECEPTIVE_FIELD + 3, 16).upscale(picture).rgb()).isEqualTo(whole.rgb());
  }

  @Test
  void aBorderIsNoDarkerThanItsPixels() {
    byte[] white = new byte[3 * 9];
    java.util.Arrays.fill(white, (byte) 255);

    assertThat(tiles(RECEPTIVE_FIELD, 16).upscale(new Pixels(3, 3, white)).rgb())
        .containsOnly((byte) 255);
  }

  @Test
  void noTileIsLargerThanAllowed() {
    Tiles tiles =
        new Tiles(
            input -> {
              assertThat(input.shape()[2]).isLessThanOrEqualTo(16 + 2);
              assertThat(input.shape()[3]).isLessThanOrEqualTo(16 + 2);
              return means(input);
            },
            2,
            new Tiling(1, 16, 1));

    assertThat(tiles.upscale(noise(65, 40)).width()).isEqualTo(130);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "31, 33", "50, 65"})
  void tilesOfANetworkThatTakesTwoByTwoPixelsAsOneBeginAtSuch(int width, int height) {
    Pixels picture = noise(width, height);

    Pixels whole = new Tiles(TilesTest::fours, 2, new Tiling(4, 1000, 2)).upscale(picture);

    for (int maxSide : new int[] {2, 6, 16}) {
      Tiles tiles =
          new Tiles(
              input -> {
                assertThat(input.shape()[3]).isLessThanOrEqualTo(maxSide + 2 * 4);
                return fours(input);
              },
              2,
              new Tiling(4, maxSide, 2));
      assertThat(tiles.upscale(picture).rgb()).isEqualTo(whole.rgb());
    }
  }

  @Test
  void whatLiesBeyondTheRangeGoesToItsEnd() {
    Tiles tiles =
        new Tiles(
            input -> {
              FloatTensor output = means(input);
              for (int i = 0; i < output.data().length; i++) {
                output.data()[i] = i % 2 == 0 ? -20 : 300;
              }
              return output;
            },
            2,
            new Tiling(1, 16, 1));

    assertThat(tiles.upscale(noise(4, 4)).rgb()).containsOnly((byte) 0, (byte) 255);
  }

  @Test
  void anAnswerThatIsNoNumberIsRejected() {
    Tiles tiles =
        new Tiles(
            input -> {
              FloatTensor output = means(input);
              output.data()[5] = Float.NaN;
              return output;
            },
            2,
            new Tiling(1, 16, 1));

    assertThatThrownBy(() -> tiles.upscale(noise(4, 4))).isInstanceOf(Failure.Rejected.class);
  }

  private static Tiles tiles(int overlap, int maxSide) {
    return new Tiles(TilesTest::means, 2, new Tiling(overlap, maxSide, 1));
  }

  /** Each pixel twice in both directions, as the mean of the 3 x 3 around it, zeros beyond. */
  private static FloatTensor means(FloatTensor input) {
    int height = (int) input.shape()[2];
    int width = (int) input.shape()[3];
    float[] values = new float[3 * 4 * height * width];
    for (int i = 0; i < values.length; i++) {
      int x = i % (2 * width) / 2;
      int y = i / (2 * width) % (2 * height) / 2;
      int channel = i / (4 * width * height);
      float sum = 0;
      for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) {
          boolean inside = x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height;
          sum += inside ? input.data()[(channel * height + y + dy) * width + x + dx] : 0;
        }
      }
      values[i] = sum / 9;
    }
    return new FloatTensor(new long[] {1, 3, 2L * height, 2L * width}, values);
  }

  /** Each two by two pixels of the input as the four by four of the first of them. */
  private static FloatTensor fours(FloatTensor input) {
    int height = (int) input.shape()[2];
    int width = (int) input.shape()[3];
    float[] values = new float[3 * 4 * height * width];
    for (int i = 0; i < values.length; i++) {
      int x = i % (2 * width) / 4 * 2;
      int y = i / (2 * width) % (2 * height) / 4 * 2;
      int channel = i / (4 * width * height);
      values[i] = input.data()[(channel * height + y) * width + x];
    }
    return new FloatTensor(new long[] {1, 3, 2L * height, 2L * width}, values);
  }

  private static Pixels noise(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(7).nextBytes(rgb);
    return new Pixels(width, height, rgb);
  }
}
