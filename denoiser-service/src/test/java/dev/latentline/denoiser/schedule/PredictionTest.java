package dev.latentline.denoiser.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;
import org.junit.jupiter.api.Test;

class PredictionTest {
  private static final float X0 = 0.7f;
  private static final float NOISE = -1.3f;

  @Test
  void aPerfectNetworkGivesBackThePictureInBothConventions() {
    for (double sigma : new double[] {0.01, 0.5, 1, 14.6, 157.4}) {
      double alpha = 1 / Math.sqrt(sigma * sigma + 1);
      double beta = sigma * alpha;
      float[] latents = {(float) (X0 + sigma * NOISE)};
      float[] velocity = {(float) (alpha * NOISE - beta * X0)};

      float[] input = Prediction.networkInput(PredictionType.EPSILON, latents, sigma);
      float[] ofEpsilon =
          Prediction.denoised(PredictionType.EPSILON, latents, new float[] {NOISE}, sigma);
      float[] ofVelocity =
          Prediction.denoised(PredictionType.V_PREDICTION, latents, velocity, sigma);

      assertThat(input[0]).isCloseTo((float) (alpha * X0 + beta * NOISE), within(1e-6f));
      assertThat(ofEpsilon[0]).isCloseTo(X0, within(2e-5f));
      assertThat(ofVelocity[0]).isCloseTo(X0, within(2e-5f));
    }
  }

  @Test
  void aNetworkOfFlowMatchingSeesTheLatentsAndPredictsWhereTheyCameFrom() {
    float[] latents = {(float) ((1 - 0.75) * X0 + 0.75 * NOISE)};
    float[] velocity = {NOISE - X0};

    assertThat(Prediction.networkInput(PredictionType.FLOW, latents, 0.75)).isEqualTo(latents);
    assertThat(Prediction.denoised(PredictionType.FLOW, latents, velocity, 0.75)[0])
        .isCloseTo(X0, within(1e-6f));
  }

  @Test
  void aNetworkThatPredictsThePictureIsBelieved() {
    assertThat(Prediction.denoised(PredictionType.SAMPLE, new float[] {5}, new float[] {X0}, 14))
        .containsExactly(X0);
  }
}
