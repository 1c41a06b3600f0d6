package dev.latentline.decoder.decode;

import dev.latentline.inference.session.OutOfDeviceMemoryException;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jboss.logging.Logger;

/**
 * Decodes a picture at once, or in {@link Tiles} where it is larger than a bound. The bound sinks
 * for the life of the process when memory runs out, so that later pictures do not try again. What
 * is in tiles differs a little from what is whole: a bound that is low enough from the start makes
 * the same pixels every time. Thread-safe.
 */
final class WholeOrTiled {
  private static final Logger LOG = Logger.getLogger(WholeOrTiled.class);

  private final Tiles tiles;
  private final AtomicInteger largest;

  /**
   * @param largest how many latents, width times height, are decoded at once at most
   */
  WholeOrTiled(int largest, Tiles tiles) {
    this.largest = new AtomicInteger(largest);
    this.tiles = tiles;
  }

  /** {@link Tiles#decode}, or the same with all latents at once. */
  FloatTensor decode(FloatTensor latents, int scale, UnaryOperator<FloatTensor> decoder) {
    int size = Math.toIntExact(latents.shape()[2] * latents.shape()[3]);
    if (size <= largest.get()) {
      try {
        return decoder.apply(latents);
      } catch (OutOfDeviceMemoryException e) {
        if (size <= tiles.side() * tiles.side()) {
          throw e;
        }
        largest.accumulateAndGet(size - 1, Math::min);
        LOG.warnf(
            "out of memory with %d x %d latents: they and larger ones are decoded in tiles of %d"
                + " from now on; set latentline.decode.whole-latents to less",
            latents.shape()[3], latents.shape()[2], tiles.side());
      }
    }
    return tiles.decode(latents, scale, decoder);
  }
}
