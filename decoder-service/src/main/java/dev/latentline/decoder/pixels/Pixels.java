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

  /**
   * A channel's value between pixels, 0 to 255: bilinear.
   *
   * @param x 0 is the centre of the leftmost pixel, width - 1 that of the rightmost
   * @param y 0 is the centre of the topmost pixel, height - 1 that of the lowest
   */
  public double between(double x, double y, int channel) {
    int left = (int) x;
    int top = (int) y;
    // on the last pixel the next one has no weight
    int right = Math.min(left + 1, width - 1);
    int bottom = Math.min(top + 1, height - 1);
    double above = mix(at(left, top, channel), at(right, top, channel), x - left);
    double below = mix(at(left, bottom, channel), at(right, bottom, channel), x - left);
    return mix(above, below, y - top);
  }

  private int at(int x, int y, int channel) {
    return rgb[CHANNELS * (y * width + x) + channel] & 0xff;
  }

  private static double mix(double from, double to, double part) {
    return from + (to - from) * part;
  }

  /** SHA-256 of rgb in lower-case hex: the same for the same picture, however it is compressed. */
  public String sha256() {
    return Sha256.hex(rgb);
  }
}
