package dev.latentline.encoder.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.Emphasis;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class WeightedStatesTest {
  private static final FloatTensor STATES =
      new FloatTensor(new long[] {1, 3, 2}, new float[] {1, 2, 3, 4, 5, 6});

  @Test
  void rowsAreMultipliedAndThoseWithoutAWeightAreNot() {
    assertThat(WeightedStates.of(STATES, List.of(1f, 2f), Emphasis.NO_NORM).data())
        .containsExactly(1, 2, 6, 8, 5, 6);
  }

  @Test
  void theOriginalEmphasisBringsTheMeanBack() {
    // 21 before, 28 after
    assertThat(WeightedStates.of(STATES, List.of(1f, 2f), Emphasis.ORIGINAL).data())
        .containsExactly(0.75f, 1.5f, 4.5f, 6, 3.75f, 4.5f);
  }

  @Test
  void statesWithoutWeightsAreTheVerySame() {
    assertThat(WeightedStates.of(STATES, List.of(1f, 1f, 1f), Emphasis.ORIGINAL)).isSameAs(STATES);
    assertThat(WeightedStates.of(STATES, List.of(), Emphasis.ORIGINAL)).isSameAs(STATES);
  }

  @Test
  void aMeanOfZeroIsLeftAsItIs() {
    FloatTensor balanced = new FloatTensor(new long[] {1, 2, 1}, new float[] {2, 1});

    assertThat(WeightedStates.of(balanced, List.of(1f, -2f), Emphasis.ORIGINAL).data())
        .containsExactly(2, -2);
    assertThat(balanced.data()).containsExactly(2, 1);
  }
}
