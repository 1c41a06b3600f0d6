package dev.latentline.decoder.pixels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BlurTest {
  @ParameterizedTest
  @CsvSource({"1, 1", "3, 200", "64, 64", "128, 96", "1, 9"})
  void thePictureKeepsItsSize(int width, int height) {
    Pixels blurred = Blur.of(stripes(width, height, 1));

    assertThat(blurred.width()).isEqualTo(width);
    assertThat(blurred.height()).isEqualTo(height);
  }

  @Test
  void onlyMeansOfLargeCellsAreLeft() {
    // two pictures whose cells of 16 pixels have the same means
    Pixels blurred = Blur.of(stripes(128, 128, 1));

    assertThat(blurred).isNotEqualTo(stripes(128, 128, 1));
    assertThat(blurred.rgb()).isEqualTo(Blur.of(stripes(128, 128, 4)).rgb());
  }

  @Test
  void roughColoursStayAndChangeSmoothly() {
    byte[] halves = new byte[3 * 128 * 128];
    Arrays.fill(halves, halves.length / 2, halves.length, (byte) 200);

    Pixels blurred = Blur.of(new Pixels(128, 128, halves));

    assertThat(blurred.rgb()[0]).isZero();
    assertThat(blurred.rgb()[halves.length - 1] & 0xff).isEqualTo(200);
    Set<Integer> shades = new HashSet<>();
    for (int y = 0; y < 128; y++) {
      shades.add(blurred.rgb()[3 * 128 * y] & 0xff);
    }
    assertThat(shades).hasSizeGreaterThan(10);
  }

  private static Pixels stripes(int width, int height, int period) {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i / 3 % width / period % 2 == 0 ? 255 : 0);
    }
    return new Pixels(width, height, rgb);
  }
}
