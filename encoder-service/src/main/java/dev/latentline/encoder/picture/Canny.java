package dev.latentline.encoder.picture;

import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * The edges of a picture, white on black (Canny 1986, doi:10.1109/TPAMI.1986.4767851), pixel for
 * pixel as OpenCV's {@code Canny(picture, 100, 200)}, with which most ControlNets for edges were
 * trained: Sobel's gradients of the colour that changes most, thinned across the edge, and of those
 * above the lower threshold the ones that hang together with one above the upper.
 */
final class Canny {
  private static final int LOW = 100;
  private static final int HIGH = 200;

  /** tan(22.5 degrees), 15 bits behind the point. */
  private static final int TAN_22 = 13573;

  private static final int POINT = 15;

  private final Rgb picture;
  private final int width;
  private final int height;

  /** With a border of one pixel of 0. */
  private final int[] magnitudes;

  private final int[] horizontal;
  private final int[] vertical;

  private Canny(Rgb picture) {
    this.picture = picture;
    width = picture.width();
    height = picture.height();
    magnitudes = new int[(width + 2) * (height + 2)];
    horizontal = new int[width * height];
    vertical = new int[width * height];
  }

  static Rgb edges(Rgb picture) {
    Canny canny = new Canny(picture);
    canny.differentiate();
    return canny.edges();
  }

  private void differentiate() {
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int most = -1;
        for (int c = 0; c < Rgb.COLOURS; c++) {
          int dx = column(x + 1, y, c) - column(x - 1, y, c);
          int dy = row(x, y + 1, c) - row(x, y - 1, c);
          int magnitude = Math.abs(dx) + Math.abs(dy);
          if (magnitude > most) {
            most = magnitude;
            horizontal[y * width + x] = dx;
            vertical[y * width + x] = dy;
          }
        }
        magnitudes[padded(x, y)] = most;
      }
    }
  }

  private int column(int x, int y, int c) {
    return colour(x, y - 1, c) + 2 * colour(x, y, c) + colour(x, y + 1, c);
  }

  private int row(int x, int y, int c) {
    return colour(x - 1, y, c) + 2 * colour(x, y, c) + colour(x + 1, y, c);
  }

  /** Beyond its edges the picture goes on as there. */
  private int colour(int x, int y, int c) {
    return picture.colour(
        Math.max(0, Math.min(width - 1, x)), Math.max(0, Math.min(height - 1, y)), c);
  }

  private int padded(int x, int y) {
    return (y + 1) * (width + 2) + x + 1;
  }

  private Rgb edges() {
    boolean[] weak = new boolean[magnitudes.length];
    boolean[] edge = new boolean[magnitudes.length];
    ArrayDeque<Integer> open = new ArrayDeque<>();
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int at = padded(x, y);
        if (magnitudes[at] > LOW && isRidge(x, y)) {
          weak[at] = true;
          if (magnitudes[at] > HIGH) {
            edge[at] = true;
            open.push(at);
          }
        }
      }
    }
    while (!open.isEmpty()) {
      int at = open.pop();
      for (int row = -1; row <= 1; row++) {
        for (int column = -1; column <= 1; column++) {
          int beside = at + row * (width + 2) + column;
          if (weak[beside] && !edge[beside]) {
            edge[beside] = true;
            open.push(beside);
          }
        }
      }
    }
    byte[] drawn = new byte[Rgb.COLOURS * width * height];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        if (edge[padded(x, y)]) {
          int at = (y * width + x) * Rgb.COLOURS;
          Arrays.fill(drawn, at, at + Rgb.COLOURS, (byte) 255);
        }
      }
    }
    return new Rgb(width, height, drawn);
  }

  /** Whether the gradient is largest here of those along its direction. */
  private boolean isRidge(int x, int y) {
    int at = padded(x, y);
    int magnitude = magnitudes[at];
    int dx = horizontal[y * width + x];
    int dy = vertical[y * width + x];
    long across = Math.abs(dx);
    long down = (long) Math.abs(dy) << POINT;
    long flat = across * TAN_22;
    if (down < flat) {
      return magnitude > magnitudes[at - 1] && magnitude >= magnitudes[at + 1];
    }
    int row = width + 2;
    // tan(67.5 degrees) is 2 more
    long steep = flat + (across << (POINT + 1));
    if (down > steep) {
      return magnitude > magnitudes[at - row] && magnitude >= magnitudes[at + row];
    }
    int side = (dx ^ dy) < 0 ? -1 : 1;
    return magnitude > magnitudes[at - row - side] && magnitude > magnitudes[at + row + side];
  }
}
