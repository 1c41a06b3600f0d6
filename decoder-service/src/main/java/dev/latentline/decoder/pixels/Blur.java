package dev.latentline.decoder.pixels;

/**
 * A picture of which only rough colours are left: the means of a grid of 8 cells along the longer
 * side, and smooth transitions between them. What was there cannot be made out nor computed back.
 */
public final class Blur {
  private static final int CELLS = 8;
  private static final int CHANNELS = 3;

  private Blur() {}

  /** The picture blurred, of the same size. */
  public static Pixels of(Pixels picture) {
    int longer = Math.max(picture.width(), picture.height());
    int columns = Math.max(1, CELLS * picture.width() / longer);
    int rows = Math.max(1, CELLS * picture.height() / longer);
    Pixels grid = means(picture, columns, rows);
    byte[] rgb = new byte[picture.rgb().length];
    for (int y = 0; y < picture.height(); y++) {
      double row = centre(y, picture.height(), rows);
      for (int x = 0; x < picture.width(); x++) {
        double column = centre(x, picture.width(), columns);
        for (int channel = 0; channel < CHANNELS; channel++) {
          rgb[CHANNELS * (y * picture.width() + x) + channel] =
              (byte) (int) Math.rint(grid.between(column, row, channel));
        }
      }
    }
    return new Pixels(picture.width(), picture.height(), rgb);
  }

  /** A pixel for each cell. */
  private static Pixels means(Pixels picture, int columns, int rows) {
    long[] sums = new long[CHANNELS * columns * rows];
    int[] counts = new int[columns * rows];
    for (int y = 0; y < picture.height(); y++) {
      for (int x = 0; x < picture.width(); x++) {
        int cell = y * rows / picture.height() * columns + x * columns / picture.width();
        counts[cell]++;
        for (int channel = 0; channel < CHANNELS; channel++) {
          sums[CHANNELS * cell + channel] +=
              picture.rgb()[CHANNELS * (y * picture.width() + x) + channel] & 0xff;
        }
      }
    }
    byte[] rgb = new byte[sums.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (sums[i] / Math.max(1, counts[i / CHANNELS]));
    }
    return new Pixels(columns, rows, rgb);
  }

  /** Where a pixel lies between the centres of cells; the outer halves are of one colour. */
  private static double centre(int at, int side, int cells) {
    return Math.max(0, Math.min(cells - 1.0, (at + 0.5) * cells / side - 0.5));
  }
}
