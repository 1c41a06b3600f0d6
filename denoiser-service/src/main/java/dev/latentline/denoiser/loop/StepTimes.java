package dev.latentline.denoiser.loop;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How long a step takes, by what was seen of late, and how long it may take until it hangs: ten
 * times as long as usual and at least 30 s; the first of a kind 5 minutes, since nothing is known
 * of it. Not thread-safe.
 */
final class StepTimes {
  /** Before anything was seen of a network. */
  private static final double NOTHING_SEEN = 0.1;

  private static final double WEIGHT_OF_THE_NEWEST = 0.2;

  /** Work that takes longer than this many steps hangs. */
  private static final int HANGS_AFTER_STEPS = 10;

  private static final Duration SHORTEST_ALLOWANCE = Duration.ofSeconds(30);

  /** A first step loads, compiles and allocates. */
  private static final Duration FIRST_ALLOWANCE = Duration.ofMinutes(5);

  /** Networks come and go with LoRAs: of so many kinds it is remembered. */
  private static final int REMEMBERED = 256;

  private final Duration first;
  private final Duration shortest;
  private final Map<StepKind, Double> seconds = newest();

  /** Seconds per element of the latents, by network. */
  private final Map<Object, Double> rates = newest();

  StepTimes() {
    this(FIRST_ALLOWANCE, SHORTEST_ALLOWANCE);
  }

  /**
   * @param first what the first step of a kind is allowed
   * @param shortest what every later one is allowed at least
   */
  StepTimes(Duration first, Duration shortest) {
    this.first = first;
    this.shortest = shortest;
  }

  private static <K> Map<K, Double> newest() {
    return new LinkedHashMap<>(16, 0.75f, true) {
      private static final long serialVersionUID = 1;

      @Override
      protected boolean removeEldestEntry(Map.Entry<K, Double> eldest) {
        return size() > REMEMBERED;
      }
    };
  }

  void saw(StepKind kind, double took) {
    seconds.merge(kind, took, StepTimes::blend);
    rates.merge(kind.network(), took / kind.elements(), StepTimes::blend);
  }

  private static double blend(double before, double newest) {
    return before + WEIGHT_OF_THE_NEWEST * (newest - before);
  }

  /** In seconds; of a kind that was not seen yet by its size. */
  double expected(StepKind kind) {
    Double seen = seconds.get(kind);
    if (seen != null) {
      return seen;
    }
    Double rate = rates.get(kind.network());
    return rate == null ? NOTHING_SEEN : rate * kind.elements();
  }

  /** How long a step may take until it hangs. */
  Duration allowance(StepKind kind) {
    Double seen = seconds.get(kind);
    if (seen == null) {
      return first;
    }
    Duration many = Duration.ofNanos((long) (seen * HANGS_AFTER_STEPS * 1e9));
    return many.compareTo(shortest) > 0 ? many : shortest;
  }
}
