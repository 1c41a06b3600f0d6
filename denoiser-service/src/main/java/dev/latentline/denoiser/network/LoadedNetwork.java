package dev.latentline.denoiser.network;

/** A network in memory. */
sealed interface LoadedNetwork extends AutoCloseable permits UNetRunner, ControlNetRunner {
  @Override
  void close();
}
