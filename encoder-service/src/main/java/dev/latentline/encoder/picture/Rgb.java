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

  /** What lies in the middle of it, of that shape and size. */
  Rgb fitted(int toWidth, int toHeight) {
    long wide = (long) width * toHeight;
    long high = (long) height * toWidth;
    int cutWidth = wide > high ? (int) Math.max(1, Math.rint((double) high / toHeight)) : width;
    int cutHeight = high > wide ? (int) Math.max(1, Math.rint((double) wide / toWidth)) : height;
    Rgb middle = cut((width - cutWidth) / 2, (height - cutHeight) / 2, cutWidth, cutHeight);
    return Lanczos.resize(middle, toWidth, toHeight);
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
