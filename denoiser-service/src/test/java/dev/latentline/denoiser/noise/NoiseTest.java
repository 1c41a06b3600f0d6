package dev.latentline.denoiser.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class NoiseTest {
  @Test
  void isTheNoiseThatAutomatic1111PublishesForSeedZero() {
    float[] published = {
      -0.92466259f, -0.42534415f, -2.6438457f, 0.14518387f, -0.12086647f, -0.57972564f,
      -0.62285122f, -0.32838709f, -1.07454231f, -0.36314407f, -1.67105067f, 2.26550497f
    };

    float[] noise = Noise.draw(0, 0, 12);

    // what is published was made on a GPU, whose logarithm and sine are fp32
    for (int i = 0; i < published.length; i++) {
      assertThat(noise[i]).isCloseTo(published[i], within(1e-6f));
    }
  }

  /** Made by a plain loop over Python's integers and doubles, written from the paper. */
  @Test
  void agreesWithAnotherImplementationToTheLastBit() {
    assertThat(Noise.draw(7, 0, 6))
        .containsExactly(
            -0.30484697222709656f,
            1.0453333854675293f,
            -0.27856409549713135f,
            0.7178203463554382f,
            -0.7942412495613098f,
            -1.1229435205459595f);
    assertThat(Noise.draw(7, 1, 6))
        .containsExactly(
            -1.2870116233825684f,
            -0.39583271741867065f,
            0.3755730390548706f,
            0.2573390603065491f,
            1.4190715551376343f,
            0.43670931458473206f);
    assertThat(Noise.draw((1L << 53) - 1, 3, 6))
        .containsExactly(
            -0.1483788639307022f,
            0.006441093515604734f,
            -1.9128605127334595f,
            -0.0095184575766325f,
            -0.448426216840744f,
            -0.8111133575439453f);
  }

  @Test
  void theUpperHalfOfTheSeedCounts() {
    assertThat(Noise.draw((1L << 32) + 7, 0, 6))
        .containsExactly(
            -0.2827352285385132f,
            -1.0128042697906494f,
            0.009528825990855694f,
            0.44708487391471863f,
            1.580358624458313f,
            0.9536981582641602f)
        .isNotEqualTo(Noise.draw(7, 0, 6));
  }

  @Test
  void anElementDoesNotDependOnHowManyAreDrawn() {
    assertThat(Arrays.copyOf(Noise.draw(99, 2, 1000), 10)).isEqualTo(Noise.draw(99, 2, 10));
  }

  @Test
  void isNormal() {
    float[] noise = Noise.draw(1234, 0, 100_000);
    double mean = 0;
    double square = 0;
    double fourth = 0;
    for (float value : noise) {
      mean += value;
      square += value * value;
      fourth += Math.pow(value, 4);
    }

    assertThat(mean / noise.length).isCloseTo(0, within(0.01));
    assertThat(square / noise.length).isCloseTo(1, within(0.02));
    assertThat(fourth / noise.length).isCloseTo(3, within(0.12));
  }
}
