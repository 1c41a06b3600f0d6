package dev.latentline.denoiser.noise;

import dev.latentline.contract.Rng;

/**
 * The noise of one picture by the number of the draw: the same from whatever number on it is asked.
 * Not thread-safe.
 */
public abstract class NoiseSource {
  private int newest = -1;
  private float[] draw = {};

  /**
   * @param seed the picture's own
   * @param elements of a draw, row-major over channels, height and width
   */
  public static NoiseSource of(Rng rng, long seed, int elements) {
    return switch (rng) {
      case NV -> new OfPhilox(seed, elements);
      case CPU -> new OfTorch(seed, elements);
    };
  }

  /**
   * One draw; nobody writes to it.
   *
   * @param number from 0, the initial latents; later draws are a sampler's
   */
  public float[] draw(int number) {
    // a step that starts with noise asks for it before and after the network
    if (number != newest) {
      draw = compute(number);
      newest = number;
    }
    return draw;
  }

  abstract float[] compute(int number);

  private static final class OfPhilox extends NoiseSource {
    private final long seed;
    private final int elements;

    OfPhilox(long seed, int elements) {
      this.seed = seed;
      this.elements = elements;
    }

    @Override
    float[] compute(int number) {
      return Noise.draw(seed, number, elements);
    }
  }

  /** A stream, which begins anew to go back. */
  private static final class OfTorch extends NoiseSource {
    private final long seed;
    private final int elements;
    private TorchNormal stream;
    private int next;

    OfTorch(long seed, int elements) {
      this.seed = seed;
      this.elements = elements;
      this.stream = new TorchNormal(seed);
    }

    @Override
    float[] compute(int number) {
      if (number < next) {
        stream = new TorchNormal(seed);
        next = 0;
      }
      float[] draw = {};
      while (next <= number) {
        draw = stream.draw(elements);
        next++;
      }
      return draw;
    }
  }
}
