package dev.latentline.denoiser.preview;

import dev.latentline.inference.catalogue.LatentRgb;
import java.awt.image.BufferedImage;
import java.util.List;

/**
 * Shows latents as colours, one pixel for each latent: the decoder's answer, very small, by a
 * linear map of each latent alone. Where that is more than {@link #MAX_SIDE} pixels wide or high,
 * squares of latents are averaged first. Thread-safe.
 */
public final class LatentProjection {
  public static final int MAX_SIDE = 64;

  /** By channel. */
  private final double[][] factors;

  private final double[] bias;

  public LatentProjection(LatentRgb weights) {
    factors = weights.factors().stream().map(LatentProjection::array).toArray(double[][]::new);
    bias = array(weights.bias());
  }

  private static double[] array(List<Double> numbers) {
    return numbers.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /**
   * The picture.
   *
   * @param latents denoised x0, as the network sees it: channels x height x width
   * @param shape [1, channels, height, width]
   */
  public BufferedImage project(float[] latents, long[] shape) {
    int height = (int) shape[2];
    int width = (int) shape[3];
    int square = (Math.max(width, height) + MAX_SIDE - 1) / MAX_SIDE;
    int columns = (width + square - 1) / square;
    int rows = (height + square - 1) / square;
    int[] colours = new int[rows * columns];
    for (int i = 0; i < colours.length; i++) {
      int left = i % columns * square;
      int top = i / columns * square;
      colours[i] = colour(latents, width, height, left, top, square);
    }
    BufferedImage picture = new BufferedImage(columns, rows, BufferedImage.TYPE_INT_RGB);
    picture.getRaster().setDataElements(0, 0, columns, rows, colours);
    return picture;
  }

  /** Of the square of latents that begins at a place; less than a square at the edges. */
  private int colour(float[] latents, int width, int height, int left, int top, int square) {
    int right = Math.min(width, left + square);
    int bottom = Math.min(height, top + square);
    double[] rgb = bias.clone();
    for (int channel = 0; channel < factors.length; channel++) {
      double sum = 0;
      for (int y = top; y < bottom; y++) {
        for (int x = left; x < right; x++) {
          sum += latents[(channel * height + y) * width + x];
        }
      }
      double mean = sum / ((right - left) * (bottom - top));
      for (int i = 0; i < rgb.length; i++) {
        rgb[i] += mean * factors[channel][i];
      }
    }
    int colour = 0;
    for (double value : rgb) {
      colour = colour << 8 | (int) Math.rint(Math.max(0, Math.min(255, (value + 1) / 2 * 255)));
    }
    return colour;
  }
}
