package dev.latentline.decoder.picture;

import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Safety;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a safety checker found in a picture, as its record tells it.
 *
 * @param flagged whether the unsafe classes' scores together reach the threshold
 * @param blurred whether what is stored is blurred
 * @param scores by class, 0..1
 * @param checker name@digest
 */
public record SafetyRecord(
    boolean flagged, boolean blurred, Map<String, Float> scores, float threshold, String checker) {

  static SafetyRecord of(Safety safety) {
    return new SafetyRecord(
        safety.getFlagged(),
        safety.getBlurred(),
        new TreeMap<>(safety.getScoresMap()),
        safety.getThreshold(),
        safety.getChecker().getName() + "@" + safety.getChecker().getDigest());
  }

  /** As a fact tells it. */
  public Safety toMessage() {
    String[] reference = checker.split("@", 2);
    return Safety.newBuilder()
        .setChecker(ModelRef.newBuilder().setName(reference[0]).setDigest(reference[1]))
        .putAllScores(scores)
        .setFlagged(flagged)
        .setThreshold(threshold)
        .setBlurred(blurred)
        .build();
  }
}
