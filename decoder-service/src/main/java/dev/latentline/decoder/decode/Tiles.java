package dev.latentline.decoder.decode;

import dev.latentline.inference.tensor.FloatTensor;
import java.util.function.UnaryOperator;

/**
 * Decodes latents in tiles that overlap, so that memory follows the size of a tile and not of the
 * picture. Near its edges a tile lacks what lies beyond them: of an overlap the outer quarter is
 * the neighbour's, and over the middle half the two fade into each other. What is left of a seam is
 * what the decoder takes from the whole picture, such as the statistics of a group norm.
 *
 * @param side of a tile, in latents; all have it, in both directions, where the picture is as large
 * @param overlap of neighbours, in latents, at least; about as far as the decoder looks
 */
record Tiles(int side, int overlap) {
  Tiles {
    if (side < 2 || overlap < 1 || overlap >= side) {
      throw new IllegalArgumentException(
          "tiles of " + side + " latents cannot overlap by " + overlap);
    }
  }

  /**
   * @param latents [1, channels, height, width]
   * @param scale pixels per latent, in each direction
   * @param decoder from [1, channels, h, w] to [1, planes, h * scale, w * scale]
   * @return [1, planes, height * scale, width * scale]
   */
  FloatTensor decode(FloatTensor latents, int scale, UnaryOperator<FloatTensor> decoder) {
    int height = (int) latents.shape()[2];
    int width = (int) latents.shape()[3];
    int tileHeight = Math.min(side, height);
    int tileWidth = Math.min(side, width);
    Planes picture = null;
    for (int top : starts(height)) {
      Planes strip = null;
      for (int left : starts(width)) {
        Planes tile = Planes.of(decoder.apply(cut(latents, top, left, tileHeight, tileWidth)));
        if (strip == null) {
          strip = Planes.empty(tile.count, tile.height, width * scale);
        }
        strip.fadeInFromTheLeft(tile, left * scale);
      }
      if (picture == null) {
        picture = Planes.empty(strip.count, height * scale, width * scale);
      }
      picture.fadeInFromTheTop(strip, top * scale);
    }
    return picture.tensor();
  }

  /** Where tiles begin along a side: evenly, the first at its beginning, the last at its end. */
  int[] starts(int length) {
    if (length <= side) {
      return new int[1];
    }
    int step = side - overlap;
    int gaps = (length - side + step - 1) / step;
    int[] starts = new int[gaps + 1];
    for (int i = 0; i <= gaps; i++) {
      starts[i] = (int) ((long) i * (length - side) / gaps);
    }
    return starts;
  }

  private static FloatTensor cut(FloatTensor latents, int top, int left, int height, int width) {
    int channels = (int) latents.shape()[1];
    int rows = (int) latents.shape()[2];
    int columns = (int) latents.shape()[3];
    float[] values = new float[channels * height * width];
    for (int channel = 0; channel < channels; channel++) {
      for (int y = 0; y < height; y++) {
        System.arraycopy(
            latents.data(),
            (channel * rows + top + y) * columns + left,
            values,
            (channel * height + y) * width,
            width);
      }
    }
    return new FloatTensor(new long[] {1, channels, height, width}, values);
  }

  /** Pixels that are being put together, from the left to the right and from the top down. */
  private static final class Planes {
    private final int count;
    private final int height;
    private final int width;
    private final float[] values;

    /** How far from the left, or the top, there is something already. */
    private int filled;

    private Planes(int count, int height, int width, float[] values) {
      this.count = count;
      this.height = height;
      this.width = width;
      this.values = values;
    }

    static Planes empty(int count, int height, int width) {
      return new Planes(count, height, width, new float[count * height * width]);
    }

    static Planes of(FloatTensor tensor) {
      long[] shape = tensor.shape();
      return new Planes((int) shape[1], (int) shape[2], (int) shape[3], tensor.data());
    }

    FloatTensor tensor() {
      return new FloatTensor(new long[] {1, count, height, width}, values);
    }

    void fadeInFromTheLeft(Planes tile, int left) {
      float[] weights = weights(tile.width, filled - left);
      for (int row = 0; row < count * height; row++) {
        for (int x = 0; x < tile.width; x++) {
          mix(row * width + left + x, tile.values[row * tile.width + x], weights[x]);
        }
      }
      filled = left + tile.width;
    }

    void fadeInFromTheTop(Planes strip, int top) {
      float[] weights = weights(strip.height, filled - top);
      for (int plane = 0; plane < count; plane++) {
        for (int y = 0; y < strip.height; y++) {
          int from = (plane * strip.height + y) * width;
          int to = (plane * height + top + y) * width;
          for (int x = 0; x < width; x++) {
            mix(to + x, strip.values[from + x], weights[y]);
          }
        }
      }
      filled = top + strip.height;
    }

    private void mix(int index, float value, float weight) {
      values[index] = weight == 1 ? value : values[index] + weight * (value - values[index]);
    }

    /** How much the new counts: nothing in the first quarter of the overlap, all from the last. */
    private static float[] weights(int length, int overlap) {
      float[] weights = new float[length];
      for (int i = 0; i < length; i++) {
        float depth = overlap <= 0 ? 1 : (i + 0.5f) / overlap;
        weights[i] = Math.max(0, Math.min(1, 2 * depth - 0.5f));
      }
      return weights;
    }
  }
}
