package dev.latentline.decoder.pixels;

import dev.latentline.contract.Sha256;
import dev.latentline.inference.tensor.FloatTensor;

/**
 * A picture of 8 bits per channel, sRGB. The array is not copied: nobody writes to it any more.
 *
 * @param rgb three bytes for each pixel, row by row from the top
 */
public record Pixels(int width, int height, byte[] rgb) {
  private static final int CHANNELS = 3;

  public Pixels {
    if (width < 1 || height < 1 || rgb.length != CHANNELS * width * height) {
      throw new IllegalArgumentException(
          width + " x " + height + " pixels do not have " + rgb.length + " bytes");
    }
  }

  /**
   * From the autoencoder's planes: -1 is 0, 1 is 255, what lies between goes to the nearest, what
   * lies beyond to the end.
   *
   * @param planes [1, 3, height, width], finite
   */
  public static Pixels fromPlanes(FloatTensor planes) {
    int height = (int) planes.shape()[2];
    int width = (int) planes.shape()[3];
    int plane = height * width;
    byte[] rgb = new byte[CHANNELS * plane];
    for (int channel = 0; channel < CHANNELS; channel++) {
      for (int i = 0; i < plane; i++) {
        double value = (planes.data()[channel * plane + i] * 0.5 + 0.5) * 255;
        rgb[i * CHANNELS + channel] = (byte) (int) Math.rint(Math.max(0, Math.min(255, value)));
      }
    }
    return new Pixels(width, height, rgb);
  }

  /** SHA-256 of rgb in lower-case hex: the same for the same picture, however it is compressed. */
  public String sha256() {
    return Sha256.hex(rgb);
  }
}
