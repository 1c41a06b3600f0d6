package dev.latentline.encoder.picture;

import java.util.Arrays;

/**
 * A picture of 8 bits for each colour.
 *
 * @param data red, green and blue of each pixel, row by row
 */
record Rgb(int width, int height, byte[] data) {
  static final int COLOURS = 3;

  Rgb {
    if (data.length != COLOURS * width * height) {
      throw new IllegalArgumentException(data.length + " bytes are no picture of that size");
    }
  }

  int colour(int x, int y, int c) {
    return Byte.toUnsignedInt(data[(y * width + x) * COLOURS + c]);
  }

  /** A part of it. */
  Rgb cut(int left, int top, int cutWidth, int cutHeight) {
    byte[] cut = new byte[COLOURS * cutWidth * cutHeight];
    int row = COLOURS * cutWidth;
    for (int y = 0; y < cutHeight; y++) {
      System.arraycopy(data, ((top + y) * width + left) * COLOURS, cut, y * row, row);
    }
    return new Rgb(cutWidth, cutHeight, cut);
  }

  /** [colours, height, width] */
  byte[] planes() {
    int pixels = width * height;
    byte[] planes = new byte[data.length];
    for (int i = 0; i < pixels; i++) {
      for (int c = 0; c < COLOURS; c++) {
        planes[c * pixels + i] = data[i * COLOURS + c];
      }
    }
    return planes;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Rgb that
        && width == that.width
        && height == that.height
        && Arrays.equals(data, that.data);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(data);
  }
}
