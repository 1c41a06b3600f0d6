package dev.latentline.decoder.safety;

import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.proto.v1.ModelRef;
import java.util.List;
import java.util.Map;

/** Tells of a picture how probable each of some classes is. Thread-safe. */
public interface SafetyChecker extends AutoCloseable {
  /** Which one it is. */
  ModelRef reference();

  /** The classes that nobody should see unasked. */
  List<String> unsafe();

  /**
   * Probabilities by class, 0..1.
   *
   * @throws RunStoppedException when stop did so
   */
  Map<String, Float> scores(Pixels picture, RunStop stop);

  @Override
  default void close() {}
}
