package dev.latentline.gateway.input;

/**
 * Pixels in memory.
 *
 * @param rgb 8 bits each of red, green and blue, row by row from the top; not copied
 */
record RgbPicture(int width, int height, byte[] rgb) {
  static final int CHANNELS = 3;
}
