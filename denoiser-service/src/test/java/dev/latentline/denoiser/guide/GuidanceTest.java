package dev.latentline.denoiser.guide;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GuidanceTest {
  @Test
  void goesOnBeyondTheConditionalAnswer() {
    float[] combined = Guidance.combine(new float[] {2, -1, 1, 1}, 2, 3);

    assertThat(combined).containsExactly(1 + 3 * (2 - 1), 1 + 3 * (-1 - 1));
  }

  @Test
  void atScaleOneOrLessTheConditionalAnswerIsEnough() {
    assertThat(Guidance.needsUnconditional(0)).isFalse();
    assertThat(Guidance.needsUnconditional(1)).isFalse();
    assertThat(Guidance.needsUnconditional(Math.nextUp(1f))).isTrue();
    assertThat(Guidance.needsUnconditional(7.5f)).isTrue();
  }
}
