package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PaceTest {
  private final Pace pace = new Pace();
  private long now;

  @Test
  void theWaitForTheFirstTurnIsNotPartOfThePace() {
    step(60_000, 100);

    assertThat(pace.of(24)).isEqualTo(Duration.ofMillis(2400));
  }

  @Test
  void waitsBetweenStepsArePartOfIt() {
    step(0, 100);
    for (int i = 0; i < 50; i++) {
      step(300, 100);
    }

    assertThat(pace.of(10)).isBetween(Duration.ofMillis(3990), Duration.ofMillis(4000));
  }

  @Test
  void oneLongWaitIsForgottenAgain() {
    for (int i = 0; i < 20; i++) {
      step(0, 100);
    }
    step(10_000, 100);
    assertThat(pace.of(10)).isGreaterThan(Duration.ofSeconds(20));
    for (int i = 0; i < 30; i++) {
      step(0, 100);
    }
    assertThat(pace.of(10)).isLessThan(Duration.ofMillis(1100));
  }

  private void step(long waited, long took) {
    now += Duration.ofMillis(waited + took).toNanos();
    pace.stepped(Duration.ofMillis(took), now);
  }
}
