package dev.latentline.encoder.picture;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RgbTest {
  /** Each pixel says where it was. */
  private static Rgb places(int width, int height) {
    byte[] data = new byte[3 * width * height];
    for (int i = 0; i < width * height; i++) {
      data[3 * i] = (byte) (i % width);
      data[3 * i + 1] = (byte) (i / width);
    }
    return new Rgb(width, height, data);
  }

  @ParameterizedTest
  @CsvSource({
    "100, 40, 40, 40, 30, 0",
    "40, 100, 40, 40, 0, 30",
    "101, 40, 40, 40, 30, 0",
    "64, 64, 64, 64, 0, 0",
    "60, 40, 20, 40, 20, 0"
  })
  void whatDoesNotFitIsCutOffOnBothSides(
      int width, int height, int toWidth, int toHeight, int left, int top) {
    Rgb fitted = places(width, height).fitted(toWidth, toHeight);

    assertThat(fitted).isEqualTo(places(width, height).cut(left, top, toWidth, toHeight));
  }

  @Test
  void aPictureOfOnePixelFillsAny() {
    Rgb fitted = new Rgb(1, 1, new byte[] {10, 20, (byte) 230}).fitted(64, 512);

    assertThat(fitted.colour(63, 511, 2)).isEqualTo(230);
    assertThat(fitted.planes()).startsWith(10, 10).endsWith((byte) 230);
  }
}
