package dev.latentline.denoiser.network;

import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import java.util.List;

/** A denoising network. */
@FunctionalInterface
public interface NoisePredictor {
  /**
   * Answers for several pictures at once: of one shape, one length of context and one {@link
   * NetworkCall#fixedBatch}, but each with a timestep of its own.
   *
   * @return for each call its answers one after the other, rows x channels x height x width
   * @throws RunStoppedException when stop ended it
   */
  List<float[]> predict(List<NetworkCall> calls, RunStop stop);
}
