package dev.latentline.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Somebody who types phrases, key by key: about 60 words a minute, with a longer pause after each
 * word and each phrase. The same seed types alike.
 */
final class Typist {
  private static final List<String> PHRASES =
      List.of(
          "a red apple on a wooden table",
          "two cats under an umbrella",
          "a rocket above the mountains at night",
          "an owl with a golden crown",
          "a sailboat on the blue sea",
          "a fox in the snow",
          "a castle made of ice",
          "a lion with sunglasses");

  /** Median and spread of the pauses between keys (log-normal), in milliseconds. */
  private static final double PAUSE = 150;

  private static final double SPREAD = 0.45;
  private static final double AFTER_WORD = 1.6;
  private static final long AFTER_PHRASE_MILLIS = 1_500;

  /**
   * A key.
   *
   * @param text all that is written after it
   * @param pauseMillis until the next one
   * @param last whether the phrase is complete
   */
  record Key(String text, long pauseMillis, boolean last) {}

  private Typist() {}

  static List<Key> type(int keys, long seed) {
    Random random = new Random(seed);
    List<Key> typed = new ArrayList<>();
    for (int phrase = 0; typed.size() < keys; phrase++) {
      String text = PHRASES.get(phrase % PHRASES.size());
      for (int end = 1; end <= text.length(); end++) {
        double pause = PAUSE * Math.exp(SPREAD * random.nextGaussian());
        boolean last = end == text.length();
        if (text.charAt(end - 1) == ' ') {
          pause *= AFTER_WORD;
        }
        typed.add(
            new Key(text.substring(0, end), last ? AFTER_PHRASE_MILLIS : Math.round(pause), last));
      }
    }
    return typed;
  }
}
