package dev.latentline.gateway.input;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** The rows of a PNG file, one after the other: filters undone, and as 8-bit RGB over white. */
final class PngRows {
  private static final int OPAQUE = 255;

  private final PngHeader header;

  /** RGB of every index, already over white; null where there is none. */
  private final byte[] palette;

  /** The samples of the one colour that is transparent; null where there is none. */
  private final int[] transparent;

  private int columns;
  private byte[] row;
  private byte[] above;

  /**
   * @param palette of PLTE; null where there is none
   * @param transparency of tRNS; null where there is none
   */
  PngRows(PngHeader header, byte[] palette, byte[] transparency) throws UnusablePictureException {
    this.header = header;
    boolean indexed = header.colour() == PngHeader.ColourType.PALETTE;
    if (indexed && (palette == null || palette.length % RgbPicture.CHANNELS != 0)) {
      throw UnusablePictureException.broken("Has no palette");
    }
    this.palette = indexed ? overWhite(palette, transparency) : null;
    boolean keyed =
        header.colour() == PngHeader.ColourType.GREY || header.colour() == PngHeader.ColourType.RGB;
    this.transparent = keyed && transparency != null ? key(transparency) : null;
  }

  private static byte[] overWhite(byte[] palette, byte[] alphas) {
    byte[] over = palette.clone();
    int count = alphas == null ? 0 : Math.min(alphas.length, palette.length / RgbPicture.CHANNELS);
    for (int i = 0; i < RgbPicture.CHANNELS * count; i++) {
      over[i] = overWhite(palette[i] & 0xff, alphas[i / RgbPicture.CHANNELS] & 0xff);
    }
    return over;
  }

  private int[] key(byte[] transparency) throws UnusablePictureException {
    int[] key = new int[header.colour().samples()];
    if (transparency.length != 2 * key.length) {
      throw UnusablePictureException.broken("Has a transparent colour that is none");
    }
    for (int i = 0; i < key.length; i++) {
      key[i] = (transparency[2 * i] & 0xff) << 8 | transparency[2 * i + 1] & 0xff;
    }
    return key;
  }

  /** Rows from here on have so many pixels; there is none above the first. */
  void begin(int width) {
    columns = width;
    int bytes = (int) (((long) width * header.bitsPerPixel() + 7) / 8);
    row = new byte[bytes];
    above = new byte[bytes];
  }

  /** Reads another row. */
  void next(InputStream inflated) throws IOException, UnusablePictureException {
    byte[] last = row;
    row = above;
    above = last;
    int filter = inflated.read();
    if (filter < 0 || inflated.readNBytes(row, 0, row.length) < row.length) {
      throw new EOFException();
    }
    int before = Math.max(1, header.bitsPerPixel() / 8);
    switch (filter) {
      case 0 -> {}
      case 1 -> {
        for (int i = before; i < row.length; i++) {
          row[i] += row[i - before];
        }
      }
      case 2 -> {
        for (int i = 0; i < row.length; i++) {
          row[i] += above[i];
        }
      }
      case 3 -> {
        for (int i = 0; i < row.length; i++) {
          int left = i < before ? 0 : row[i - before] & 0xff;
          row[i] += (byte) ((left + (above[i] & 0xff)) / 2);
        }
      }
      case 4 -> {
        for (int i = 0; i < row.length; i++) {
          int left = i < before ? 0 : row[i - before] & 0xff;
          int corner = i < before ? 0 : above[i - before] & 0xff;
          row[i] += (byte) paeth(left, above[i] & 0xff, corner);
        }
      }
      default -> throw UnusablePictureException.broken("Has a row with an unknown filter");
    }
  }

  private static int paeth(int left, int up, int corner) {
    int estimate = left + up - corner;
    int toLeft = Math.abs(estimate - left);
    int toUp = Math.abs(estimate - up);
    int toCorner = Math.abs(estimate - corner);
    if (toLeft <= toUp && toLeft <= toCorner) {
      return left;
    }
    return toUp <= toCorner ? up : corner;
  }

  /**
   * The row's pixels.
   *
   * @param at where the first goes
   * @param step from one to the next, in bytes
   */
  void copy(byte[] rgb, int at, int step) throws UnusablePictureException {
    int samples = header.colour().samples();
    for (int x = 0, to = at; x < columns; x++, to += step) {
      int first = x * samples;
      switch (header.colour()) {
        case PALETTE -> {
          int from = RgbPicture.CHANNELS * sample(first);
          if (from >= palette.length) {
            throw UnusablePictureException.broken("Has a colour that its palette has not");
          }
          System.arraycopy(palette, from, rgb, to, RgbPicture.CHANNELS);
        }
        case GREY, GREY_ALPHA -> {
          int alpha =
              header.colour() == PngHeader.ColourType.GREY ? keyed(first) : value(first + 1);
          byte grey = overWhite(value(first), alpha);
          rgb[to] = grey;
          rgb[to + 1] = grey;
          rgb[to + 2] = grey;
        }
        default -> {
          int alpha = header.colour() == PngHeader.ColourType.RGB ? keyed(first) : value(first + 3);
          rgb[to] = overWhite(value(first), alpha);
          rgb[to + 1] = overWhite(value(first + 1), alpha);
          rgb[to + 2] = overWhite(value(first + 2), alpha);
        }
      }
    }
  }

  private int keyed(int first) {
    if (transparent == null) {
      return OPAQUE;
    }
    for (int i = 0; i < transparent.length; i++) {
      if (sample(first + i) != transparent[i]) {
        return OPAQUE;
      }
    }
    return 0;
  }

  private static byte overWhite(int value, int alpha) {
    return (byte) (alpha == OPAQUE ? value : (value * alpha + 255 * (255 - alpha) + 127) / 255);
  }

  /** A sample as 0 to 255. */
  private int value(int index) {
    int sample = sample(index);
    return switch (header.depth()) {
      case 8 -> sample;
      case 16 -> (sample * 255 + 32_767) / 65_535;
      default -> sample * 255 / ((1 << header.depth()) - 1);
    };
  }

  private int sample(int index) {
    int depth = header.depth();
    if (depth == 8) {
      return row[index] & 0xff;
    }
    if (depth == 16) {
      return (row[2 * index] & 0xff) << 8 | row[2 * index + 1] & 0xff;
    }
    // several in a byte, the first in the highest bits
    int bit = index * depth;
    return row[bit / 8] >> (8 - depth - bit % 8) & (1 << depth) - 1;
  }
}
