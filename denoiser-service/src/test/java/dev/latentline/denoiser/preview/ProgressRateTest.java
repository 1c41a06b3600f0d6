package dev.latentline.denoiser.preview;

import static dev.latentline.denoiser.preview.ProgressRate.Said.NOTHING;
import static dev.latentline.denoiser.preview.ProgressRate.Said.SHOWN;
import static dev.latentline.denoiser.preview.ProgressRate.Said.TOLD;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ProgressRateTest {
  @Test
  void slowStepsAreAllToldAndEveryFewOfThemShown() {
    assertThat(said(1, 0, 1000, 4)).containsExactly(SHOWN, SHOWN, SHOWN, SHOWN);
    assertThat(said(3, 0, 1000, 7)).containsExactly(TOLD, TOLD, SHOWN, TOLD, TOLD, SHOWN, TOLD);
  }

  @Test
  void fastStepsAreSaidAtMostOnceAPauseAndTheLastOneInAnyCase() {
    assertThat(said(1, 0, 100, 6)).containsExactly(SHOWN, NOTHING, NOTHING, SHOWN, NOTHING, TOLD);
    assertThat(said(2, 0, 249, 5)).containsExactly(TOLD, NOTHING, SHOWN, NOTHING, SHOWN);
  }

  @Test
  void aPictureThatIsGoneOnWithCountsItsOwnStepsOnly() {
    assertThat(said(3, 7, 1000, 11)).containsExactly(TOLD, TOLD, SHOWN, TOLD);
  }

  @Test
  void noneAreShownWhenTheyAreNotWanted() {
    assertThat(said(0, 0, 1000, 10)).containsOnly(TOLD);
  }

  /** Of the steps behind from, up to the last one. */
  private static List<ProgressRate.Said> said(int every, int from, long millisEach, int last) {
    ProgressRate rate = new ProgressRate(every, Duration.ofMillis(250), from, 0);
    return IntStream.rangeClosed(from + 1, last)
        .mapToObj(
            step ->
                rate.next(
                    step, step == last, TimeUnit.MILLISECONDS.toNanos((step - from) * millisEach)))
        .toList();
  }
}
