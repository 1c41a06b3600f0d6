package dev.latentline.decoder.upscale;

import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.UpscalerCard;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;

/**
 * One run of an upscaler over a picture of any size. The network sees a part at a time, so that its
 * memory does not grow with the picture: each tile with so much around it as can reach into it, of
 * which the result is cut off again. So no seam is left. Beyond the picture's border its outermost
 * pixels go on, because the zeros that convolutions take instead would darken it.
 */
final class Tiles {
  private static final int CHANNELS = 3;

  private final Network network;
  private final int scale;
  private final int overlap;
  private final UpscalerCard.Tiling tiling;

  /** From [1, 3, height, width] to [1, 3, scale x height, scale x width], RGB in 0..255. */
  interface Network {
    FloatTensor run(FloatTensor pixels);
  }

  Tiles(Network network, int scale, UpscalerCard.Tiling tiling) {
    this.network = network;
    this.scale = scale;
    this.overlap = tiling.overlap();
    this.tiling = tiling;
  }

  /** The picture, scale times as wide and high. */
  Pixels upscale(Pixels picture) {
    int width = picture.width() * scale;
    byte[] rgb = new byte[CHANNELS * width * picture.height() * scale];
    int columns = parts(picture.width());
    int rows = parts(picture.height());
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        Tile tile =
            Tile.between(
                bound(picture.width(), column, columns),
                bound(picture.height(), row, rows),
                bound(picture.width(), column + 1, columns),
                bound(picture.height(), row + 1, rows));
        FloatTensor upscaled = network.run(input(picture, tile));
        paste(
            TensorRecords.require(
                upscaled,
                "The upscaled picture",
                1,
                CHANNELS,
                (tile.height() + 2L * overlap) * scale,
                (tile.width() + 2L * overlap) * scale),
            tile,
            rgb,
            width);
      }
    }
    return new Pixels(width, picture.height() * scale, rgb);
  }

  /** In pixels of the input. */
  private record Tile(int left, int top, int width, int height) {
    static Tile between(int left, int top, int right, int bottom) {
      return new Tile(left, top, right - left, bottom - top);
    }
  }

  private int parts(int side) {
    return ceil(side, tiling.maxSide());
  }

  /** Of tiles that are about equally large. */
  private int bound(int side, int index, int parts) {
    long multiples = (long) ceil(side, tiling.multiple()) * index / parts;
    return (int) Math.min(side, multiples * tiling.multiple());
  }

  private static int ceil(int side, int divisor) {
    return (side + divisor - 1) / divisor;
  }

  private FloatTensor input(Pixels picture, Tile tile) {
    int width = tile.width() + 2 * overlap;
    int height = tile.height() + 2 * overlap;
    int plane = width * height;
    float[] values = new float[CHANNELS * plane];
    for (int y = 0; y < height; y++) {
      int fromY = clamp(tile.top() - overlap + y, picture.height());
      for (int x = 0; x < width; x++) {
        int fromX = clamp(tile.left() - overlap + x, picture.width());
        int from = CHANNELS * (fromY * picture.width() + fromX);
        for (int channel = 0; channel < CHANNELS; channel++) {
          values[channel * plane + y * width + x] = picture.rgb()[from + channel] & 0xff;
        }
      }
    }
    return new FloatTensor(new long[] {1, CHANNELS, height, width}, values);
  }

  private static int clamp(int at, int side) {
    return Math.max(0, Math.min(side - 1, at));
  }

  private void paste(FloatTensor upscaled, Tile tile, byte[] rgb, int pictureWidth) {
    int width = (int) upscaled.shape()[3];
    int plane = (int) upscaled.shape()[2] * width;
    for (int y = 0; y < tile.height() * scale; y++) {
      int from = (y + overlap * scale) * width + overlap * scale;
      int to = CHANNELS * ((tile.top() * scale + y) * pictureWidth + tile.left() * scale);
      for (int x = 0; x < tile.width() * scale; x++) {
        for (int channel = 0; channel < CHANNELS; channel++) {
          double value = upscaled.data()[channel * plane + from + x];
          rgb[to + CHANNELS * x + channel] =
              (byte) (int) Math.rint(Math.max(0, Math.min(255, value)));
        }
      }
    }
  }
}
