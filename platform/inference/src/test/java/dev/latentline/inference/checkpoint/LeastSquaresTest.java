package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class LeastSquaresTest {
  private static final double[][] MAP = {{2, 0, -1}, {0.5, 0.25, 3}, {-4, 1, 0}};
  private static final double[] CONSTANT = {10, -20, 30};

  @Test
  void aLinearMapIsFoundAgain() {
    double[][] found = seen(0).solve();

    for (int output = 0; output < 3; output++) {
      for (int input = 0; input < 3; input++) {
        assertThat(found[input][output]).isCloseTo(MAP[input][output], Offset.offset(1e-9));
      }
      assertThat(found[3][output]).isCloseTo(CONSTANT[output], Offset.offset(1e-9));
    }
  }

  @Test
  void whatIsNotLinearAveragesOut() {
    double[][] found = seen(1).solve();

    // 10,000 of deviation 1: their mean deviates by 0.01, the constant by 5 times that, as it is 5
    // deviations from what was seen
    assertThat(found[0][0]).isCloseTo(MAP[0][0], Offset.offset(0.05)).isNotEqualTo(MAP[0][0]);
    assertThat(found[3][1]).isCloseTo(CONSTANT[1], Offset.offset(0.25));
  }

  @Test
  void inputsThatFollowFromOthersLeaveNothingToFind() {
    LeastSquares squares = new LeastSquares(2, 1);
    for (int i = 0; i < 10; i++) {
      squares.add(new double[] {i, 3 * i + 1}, new double[] {i});
    }

    // the constant is the third
    assertThatThrownBy(squares::solve)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("input 2");
  }

  private static LeastSquares seen(double noise) {
    Random random = new Random(7);
    LeastSquares squares = new LeastSquares(3, 3);
    for (int i = 0; i < 10_000; i++) {
      double[] input = {random.nextGaussian(), 5 + random.nextGaussian(), random.nextGaussian()};
      double[] output = CONSTANT.clone();
      for (int column = 0; column < 3; column++) {
        for (int row = 0; row < 3; row++) {
          output[column] += MAP[row][column] * input[row];
        }
        output[column] += noise * random.nextGaussian();
      }
      squares.add(input, output);
    }
    return squares;
  }
}
