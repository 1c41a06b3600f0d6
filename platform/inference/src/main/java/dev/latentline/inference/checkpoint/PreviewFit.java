package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.inference.session.GraphFailedException;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Fits what a model's previews are made with: the linear map from a latent to the mean colour of
 * the pixels that the model's own decoder makes of it. There are no pictures at an import, so the
 * latents are random ones, with areas and edges as those of pictures have: on the starter such a
 * fit explains 0.79 of the colours of its pictures (R^2), one to those pictures 0.84, and one to
 * white noise 0.60.
 */
final class PreviewFit {
  private static final int FIELDS = 10;

  /** Of a field of latents: SD 1.5's decoder takes about a second for one on two cores. */
  private static final int SIDE = 16;

  /** Sides of the squares that a field is the sum of. */
  private static final int[] SQUARES = {8, 4, 2};

  /** Of each of the three: latents of one picture vary a little less than 1 in all. */
  private static final double DEVIATION = 0.5;

  private static final long SEED = 0;
  private static final int COLOURS = 3;

  /** Whatever the machine has: another number may give other last bits. */
  private static final int THREADS = 2;

  /**
   * Coefficients are multiples of 1/100, finer than an eye can tell: so the last bits, in which
   * processors differ, hardly ever reach the manifest and its digest.
   */
  private static final double STEPS = 100;

  private final ModelSession decoder;
  private final int channels;
  private final int scaleFactor;
  private final double scalingFactor;
  private final double shiftFactor;

  PreviewFit(
      ModelSession decoder,
      int channels,
      int scaleFactor,
      double scalingFactor,
      double shiftFactor) {
    this.decoder = decoder;
    this.channels = channels;
    this.scaleFactor = scaleFactor;
    this.scalingFactor = scalingFactor;
    this.shiftFactor = shiftFactor;
  }

  /**
   * Adds the map to a manifest.
   *
   * @param folder of the model, with its decoder complete
   * @throws RefusedCheckpointException when the model's decoder cannot be run here, or gives no
   *     numbers
   */
  static void into(ObjectNode manifest, Path folder) {
    ObjectNode vae = manifest.withObject("/vae");
    Path graph = folder.resolve(vae.path("decoder").asText());
    try (ModelSession decoder =
        ModelSession.open(
            graph,
            // ONNX graphs of others have them in them
            Optional.of(graph.resolveSibling("weights.safetensors")).filter(Files::exists),
            SessionSettings.cpu(THREADS))) {
      double[][] map =
          new PreviewFit(
                  decoder,
                  manifest.at("/unet/latent_channels").asInt(),
                  vae.path("scale_factor").asInt(),
                  vae.path("scaling_factor").asDouble(),
                  vae.path("shift_factor").asDouble())
              .fit();
      ArrayNode factors = vae.putArray("latent_rgb_factors");
      for (int channel = 0; channel < map.length - 1; channel++) {
        put(map[channel], factors.addArray());
      }
      put(map[map.length - 1], vae.putArray("latent_rgb_bias"));
    } catch (GraphFailedException e) {
      throw new RefusedCheckpointException("its decoder cannot be tried: " + e.getMessage());
    }
  }

  private static void put(double[] row, ArrayNode into) {
    Arrays.stream(row).forEach(into::add);
  }

  /**
   * The map from latents, as the network sees them, to colours of -1 to 1.
   *
   * @return for each channel what it adds to red, green and blue; in the last row the bias
   * @throws GraphFailedException when the decoder fails
   * @throws RefusedCheckpointException when it gives no numbers, or pictures of another size than
   *     the model's template says
   */
  double[][] fit() {
    Random random = new Random(SEED);
    LeastSquares squares = new LeastSquares(channels, COLOURS);
    for (int i = 0; i < FIELDS; i++) {
      double[][] latents = new double[channels][];
      for (int channel = 0; channel < channels; channel++) {
        latents[channel] = field(random);
      }
      double[][] colours = decode(latents);
      for (int place = 0; place < SIDE * SIDE; place++) {
        squares.add(column(latents, place), column(colours, place));
      }
    }
    double[][] map = squares.solve();
    for (double[] row : map) {
      // plus 0, which turns -0 to 0
      Arrays.setAll(row, i -> Math.rint(row[i] * STEPS) / STEPS + 0.0);
    }
    return map;
  }

  private static double[] column(double[][] rows, int column) {
    return Arrays.stream(rows).mapToDouble(row -> row[column]).toArray();
  }

  /** One channel: squares of several sizes, each of one random number, on top of each other. */
  private static double[] field(Random random) {
    double[] sum = new double[SIDE * SIDE];
    for (int square : SQUARES) {
      int columns = SIDE / square;
      double[] values = new double[columns * columns];
      Arrays.setAll(values, i -> DEVIATION * random.nextGaussian());
      for (int place = 0; place < sum.length; place++) {
        sum[place] += values[place / SIDE / square * columns + place % SIDE / square];
      }
    }
    return sum;
  }

  /** By colour and latent, as it is shown: the mean of the pixels, none brighter than white. */
  private double[][] decode(double[][] latents) {
    float[] input = new float[channels * SIDE * SIDE];
    for (int i = 0; i < input.length; i++) {
      double latent = latents[i / (SIDE * SIDE)][i % (SIDE * SIDE)];
      input[i] = (float) (latent / scalingFactor + shiftFactor);
    }
    FloatTensor decoded =
        decoder.run(
            Map.of("latent_sample", new FloatTensor(new long[] {1, channels, SIDE, SIDE}, input)));
    int pixels = SIDE * scaleFactor;
    if (!Arrays.equals(decoded.shape(), new long[] {1, COLOURS, pixels, pixels})) {
      throw new RefusedCheckpointException(
          "its template says vae.scale_factor "
              + scaleFactor
              + ", and the decoder makes "
              + Arrays.toString(decoded.shape())
              + " of "
              + SIDE
              + " x "
              + SIDE
              + " latents");
    }
    if (!decoded.isFinite()) {
      throw new RefusedCheckpointException(
          "its autoencoder is broken and decodes to what are no numbers: name another with --vae");
    }
    double[][] means = new double[COLOURS][SIDE * SIDE];
    for (int i = 0; i < decoded.data().length; i++) {
      int y = i / pixels % pixels;
      int place = y / scaleFactor * SIDE + i % pixels / scaleFactor;
      double value = Math.max(-1, Math.min(1, decoded.data()[i]));
      means[i / (pixels * pixels)][place] += value / (scaleFactor * scaleFactor);
    }
    return means;
  }
}
