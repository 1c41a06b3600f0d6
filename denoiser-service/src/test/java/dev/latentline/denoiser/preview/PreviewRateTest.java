package dev.latentline.denoiser.preview;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PreviewRateTest {
  @Test
  void slowStepsAreShownEveryFewOfThem() {
    assertThat(shown(1, 0, 1000, 4)).containsExactly(1, 2, 3, 4);
    assertThat(shown(3, 0, 1000, 10)).containsExactly(3, 6, 9);
  }

  @Test
  void fastStepsAreShownAtMostOnceAPause() {
    assertThat(shown(1, 0, 100, 10)).containsExactly(1, 4, 7, 10);
    assertThat(shown(2, 0, 249, 8)).containsExactly(2, 4, 6, 8);
  }

  @Test
  void aPictureThatIsGoneOnWithCountsItsOwnStepsOnly() {
    assertThat(shown(3, 7, 1000, 15)).containsExactly(10, 13);
  }

  @Test
  void noneAreShownWhenTheyAreNotWanted() {
    assertThat(shown(0, 0, 1000, 10)).isEmpty();
  }

  private static List<Integer> shown(int every, int from, long millisEach, int to) {
    PreviewRate rate = new PreviewRate(every, Duration.ofMillis(250), from, 0);
    return IntStream.rangeClosed(from + 1, to)
        .filter(step -> rate.due(step, TimeUnit.MILLISECONDS.toNanos((step - from) * millisEach)))
        .boxed()
        .toList();
  }
}
