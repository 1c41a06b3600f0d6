package dev.latentline.denoiser.preview;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.inference.catalogue.LatentRgb;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class LatentProjectionTest {
  /** Two channels: the first is red, the second takes from blue. */
  private static final LatentProjection PROJECTION =
      new LatentProjection(
          new LatentRgb(
              List.of(List.of(0.5, 0.0, 0.0), List.of(0.0, 0.0, -1.0)), List.of(0., -1., 1.)));

  @Test
  void everyLatentBecomesThePixelOfItsPlace() {
    float[] latents = {0, 1, -1, 2, 4, -4, 0, 0, 2, 1, 0, 0};

    BufferedImage picture = PROJECTION.project(latents, new long[] {1, 2, 2, 3});

    assertThat(colours(picture))
        .containsExactly(0x8000ff, 0xbf00ff, 0x400000, 0xff0080, 0xff00ff, 0x0000ff);
    assertThat(picture.getWidth()).isEqualTo(3);
  }

  @Test
  void largeLatentsAreAveragedInSquares() {
    int side = 2 * LatentProjection.MAX_SIDE;
    float[] latents = new float[2 * 3 * side];
    // the first square, and the half of one below it
    latents[0] = 4;
    latents[2 * side] = 2;

    BufferedImage picture = PROJECTION.project(latents, new long[] {1, 2, 3, side});

    assertThat(picture.getWidth()).isEqualTo(LatentProjection.MAX_SIDE);
    assertThat(picture.getHeight()).isEqualTo(2);
    assertThat(picture.getRGB(0, 0) & 0xffffff).isEqualTo(0xbf00ff);
    assertThat(picture.getRGB(0, 1) & 0xffffff).isEqualTo(0xbf00ff);
    assertThat(picture.getRGB(1, 0) & 0xffffff).isEqualTo(0x8000ff);
  }

  @Test
  void theFileHasThePixelsAndIsSmallHoweverTheyLook() throws Exception {
    BufferedImage noise = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
    noise.setRGB(0, 0, 64, 64, new Random(1).ints(64 * 64).toArray(), 0, 64);

    byte[] png = PreviewPng.of(noise);

    assertThat(png).hasSizeLessThan(16 * 1024);
    assertThat(colours(ImageIO.read(new ByteArrayInputStream(png)))).isEqualTo(colours(noise));
  }

  private static int[] colours(BufferedImage picture) {
    int[] colours =
        picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
    for (int i = 0; i < colours.length; i++) {
      colours[i] &= 0xffffff;
    }
    return colours;
  }
}
