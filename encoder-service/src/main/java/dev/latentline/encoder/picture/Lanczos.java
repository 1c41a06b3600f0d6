package dev.latentline.encoder.picture;

/**
 * Makes pictures larger or smaller by Lanczos' filter of three lobes, bit for bit as Pillow's
 * {@code resize(size, LANCZOS)}, with which diffusers prepares pictures: columns before rows,
 * rounded to 8 bits between and after, weights of 22 bits behind the point. When it makes them
 * smaller the filter is as much wider.
 */
final class Lanczos {
  private static final double LOBES = 3;
  private static final int POINT = 22;
  private static final int HALF = 1 << (POINT - 1);

  private Lanczos() {}

  static Rgb resize(Rgb picture, int width, int height) {
    Rgb wide = width == picture.width() ? picture : columns(picture, width);
    return height == wide.height() ? wide : rows(wide, height);
  }

  /** Which pixels count for one, and how much. */
  private record Weights(int first, int[] weights) {}

  private static Rgb columns(Rgb picture, int width) {
    Weights[] weights = weights(picture.width(), width);
    byte[] made = new byte[Rgb.COLOURS * width * picture.height()];
    int at = 0;
    for (int y = 0; y < picture.height(); y++) {
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < Rgb.COLOURS; c++) {
          int sum = HALF;
          for (int i = 0; i < weights[x].weights.length; i++) {
            sum += picture.colour(weights[x].first + i, y, c) * weights[x].weights[i];
          }
          made[at++] = rounded(sum);
        }
      }
    }
    return new Rgb(width, picture.height(), made);
  }

  private static Rgb rows(Rgb picture, int height) {
    Weights[] weights = weights(picture.height(), height);
    byte[] made = new byte[Rgb.COLOURS * picture.width() * height];
    int at = 0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < picture.width(); x++) {
        for (int c = 0; c < Rgb.COLOURS; c++) {
          int sum = HALF;
          for (int i = 0; i < weights[y].weights.length; i++) {
            sum += picture.colour(x, weights[y].first + i, c) * weights[y].weights[i];
          }
          made[at++] = rounded(sum);
        }
      }
    }
    return new Rgb(picture.width(), height, made);
  }

  private static byte rounded(int sum) {
    return (byte) Math.max(0, Math.min(255, sum >> POINT));
  }

  private static Weights[] weights(int from, int to) {
    double scale = (double) from / to;
    double stretched = Math.max(scale, 1);
    double support = LOBES * stretched;
    Weights[] all = new Weights[to];
    for (int i = 0; i < to; i++) {
      double centre = (i + 0.5) * scale;
      int first = Math.max(0, (int) (centre - support + 0.5));
      int end = Math.min(from, (int) (centre + support + 0.5));
      double[] exact = new double[end - first];
      double sum = 0;
      for (int k = 0; k < exact.length; k++) {
        exact[k] = filter((k + first - centre + 0.5) * (1 / stretched));
        sum += exact[k];
      }
      int[] weights = new int[exact.length];
      for (int k = 0; k < exact.length; k++) {
        double weight = exact[k] / sum * (1 << POINT);
        weights[k] = (int) (weight < 0 ? weight - 0.5 : weight + 0.5);
      }
      all[i] = new Weights(first, weights);
    }
    return all;
  }

  private static double filter(double x) {
    return -LOBES <= x && x < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
  }

  private static double sinc(double x) {
    if (x == 0) {
      return 1;
    }
    return Math.sin(x * Math.PI) / (x * Math.PI);
  }
}
