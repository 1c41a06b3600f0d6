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

      float[] input = Prediction.networkInput(latents, sigma);
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
  void theNetworksFirstInputIsTheNoise() {
    float[] initial = Prediction.initialLatents(new float[] {NOISE}, 157.4);

    assertThat(Prediction.networkInput(initial, 157.4)[0]).isCloseTo(NOISE, within(1e-6f));
  }
}
