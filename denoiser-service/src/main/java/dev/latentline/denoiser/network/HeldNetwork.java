package dev.latentline.denoiser.network;

/**
 * A network that stays loaded as long as this is not closed.
 *
 * @param release what closing does
 */
public record HeldNetwork(NoisePredictor network, Runnable release) implements AutoCloseable {
  @Override
  public void close() {
    release.run();
  }
}
