package dev.latentline.decoder.safety;

import dev.latentline.contract.Failure;
import dev.latentline.contract.SafetyMode;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.proto.v1.Safety;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Judges pictures by what a safety checker tells of them. Thread-safe. */
public final class SafetyRule implements AutoCloseable {
  private final SafetyMode mode;
  private final double threshold;
  private final Optional<SafetyChecker> checker;

  /**
   * @param threshold of the sum of the unsafe classes' scores, above 0 and at most 1
   * @param checker needed unless the mode is off
   * @throws InvalidCatalogueException when it is needed and not there
   */
  public SafetyRule(SafetyMode mode, double threshold, Optional<SafetyChecker> checker) {
    if (!(threshold > 0 && threshold <= 1)) {
      throw new IllegalArgumentException(
          "latentline.safety-threshold must be above 0 and at most 1, not " + threshold);
    }
    if (mode != SafetyMode.OFF && checker.isEmpty()) {
      throw new InvalidCatalogueException(
          List.of(
              "the models folder holds no safety_checkers: put one there, or set latentline.safety"
                  + " to off"));
    }
    this.mode = mode;
    this.threshold = threshold;
    this.checker = checker;
  }

  /**
   * What is to be said of the picture; empty when nobody looks.
   *
   * @throws Failure.Rejected with code {@code unsafe_content} when it is not to be stored
   * @throws RunStoppedException when stop did so
   */
  public Optional<Safety> judge(Pixels picture, RunStop stop) {
    if (mode == SafetyMode.OFF) {
      return Optional.empty();
    }
    SafetyChecker checking = checker.orElseThrow();
    Map<String, Float> scores = checking.scores(picture, stop);
    double unsafe = checking.unsafe().stream().mapToDouble(scores::get).sum();
    boolean flagged = unsafe >= threshold;
    if (flagged && mode == SafetyMode.REJECT) {
      throw new Failure.Rejected(
          "unsafe_content", "The safety checker found the picture unsafe, so it is not stored");
    }
    return Optional.of(
        Safety.newBuilder()
            .setChecker(checking.reference())
            .putAllScores(scores)
            .setFlagged(flagged)
            .setThreshold((float) threshold)
            .setBlurred(flagged && mode == SafetyMode.BLUR)
            .build());
  }

  @Override
  public void close() {
    checker.ifPresent(SafetyChecker::close);
  }
}
