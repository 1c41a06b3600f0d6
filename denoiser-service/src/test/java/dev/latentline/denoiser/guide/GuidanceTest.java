package dev.latentline.denoiser.guide;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GuidanceTest {
  private static final float[] ONE = {1};

  @Test
  void goesOnBeyondTheConditionalAnswer() {
    float[] combined = new Guidance(3, 0).combine(new float[] {2, -1, 1, 1}, ONE, 2);

    assertThat(combined).containsExactly(1 + 3 * (2 - 1), 1 + 3 * (-1 - 1));
  }

  @Test
  void atScaleOneOrLessTheConditionalAnswerIsEnough() {
    assertThat(new Guidance(0, 0).needsUnconditional()).isFalse();
    assertThat(new Guidance(1, 0).needsUnconditional()).isFalse();
    assertThat(new Guidance(Math.nextUp(1f), 0).needsUnconditional()).isTrue();
    assertThat(new Guidance(7.5f, 0).needsUnconditional()).isTrue();
  }

  @Test
  void whatSeveralPromptsAddIsWeighedAndAdded() {
    float[] answers = {2, -1, 5, 3, 1, 1};

    assertThat(new Guidance(3, 0).combine(answers, new float[] {1, -0.5f}, 2))
        .containsExactly(1 + 3 * (2 - 1) - 1.5f * (5 - 1), 1 + 3 * (-1 - 1) - 1.5f * (3 - 1));
    // without guidance as at a scale of 1
    assertThat(new Guidance(0, 0).combine(answers, new float[] {1, -0.5f}, 2))
        .isEqualTo(new Guidance(1, 0).combine(answers, new float[] {1, -0.5f}, 2))
        .containsExactly(1 + (2 - 1) - 0.5f * (5 - 1), 1 + (-1 - 1) - 0.5f * (3 - 1));
  }

  @Test
  void severalPromptsAndOneOfAnotherWeightNeedTheUnconditionalAnswer() {
    Guidance none = new Guidance(1, 0);

    assertThat(none.needsUnconditional(1)).isFalse();
    assertThat(none.needsUnconditional(0.5f)).isTrue();
    assertThat(none.needsUnconditional(1, 1)).isTrue();
    assertThat(new Guidance(2, 0).needsUnconditional(1)).isTrue();
  }

  /** Golden values: rescale_noise_cfg of diffusers 0.42.1. */
  @Test
  void whatGuidanceAddsToTheVarianceIsTakenBack() {
    float[] predictions = {0.3f, -1.2f, 0.8f, 2.1f, 0.1f, -0.4f, 0.5f, 0.9f};

    assertThat(new Guidance(7.5f, 0.7f).combine(predictions, ONE, 4))
        .usingComparatorWithPrecision(1e-5f)
        .containsExactly(0.708818376f, -2.8352735f, 1.21828151f, 4.38581276f);
  }
}
