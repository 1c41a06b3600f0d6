package dev.latentline.decoder.picture;

import dev.latentline.decoder.pixels.Pixels;
import java.awt.image.BufferedImage;
import java.io.IOException;

/** Pixels of files that are read back. */
final class PngPixels {
  private PngPixels() {}

  /**
   * @param image null when the file is no picture
   */
  static Pixels of(BufferedImage image) throws IOException {
    if (image == null) {
      throw new IOException("no picture");
    }
    int width = image.getWidth();
    int height = image.getHeight();
    int[] argb = image.getRGB(0, 0, width, height, null, 0, width);
    byte[] rgb = new byte[3 * argb.length];
    for (int i = 0; i < argb.length; i++) {
      rgb[3 * i] = (byte) (argb[i] >> 16);
      rgb[3 * i + 1] = (byte) (argb[i] >> 8);
      rgb[3 * i + 2] = (byte) argb[i];
    }
    return new Pixels(width, height, rgb);
  }
}
