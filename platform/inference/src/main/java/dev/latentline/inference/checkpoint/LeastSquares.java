package dev.latentline.inference.checkpoint;

/**
 * The linear map with a constant that comes nearest to what was seen, in the sum of squares: by the
 * normal equations and Cholesky's decomposition, for few inputs.
 */
final class LeastSquares {
  /** With the constant. */
  private final int inputs;

  private final int outputs;

  /** Sums of products: of the inputs with one another, and of inputs and outputs. */
  private final double[][] inner;

  private final double[][] cross;

  LeastSquares(int inputs, int outputs) {
    this.inputs = inputs + 1;
    this.outputs = outputs;
    this.inner = new double[this.inputs][this.inputs];
    this.cross = new double[this.inputs][outputs];
  }

  /** Something that was seen. */
  void add(double[] input, double[] output) {
    for (int row = 0; row < inputs; row++) {
      double value = row < input.length ? input[row] : 1;
      for (int column = 0; column <= row; column++) {
        inner[row][column] += value * (column < input.length ? input[column] : 1);
      }
      for (int column = 0; column < outputs; column++) {
        cross[row][column] += value * output[column];
      }
    }
  }

  /**
   * The map: for each input what it adds to each output, and in the last row the constants.
   *
   * @throws IllegalStateException when what was seen fits several maps alike
   */
  double[][] solve() {
    double[][] lower = cholesky();
    double[][] map = new double[inputs][outputs];
    for (int output = 0; output < outputs; output++) {
      for (int row = 0; row < inputs; row++) {
        double rest = cross[row][output];
        for (int i = 0; i < row; i++) {
          rest -= lower[row][i] * map[i][output];
        }
        map[row][output] = rest / lower[row][row];
      }
      for (int row = inputs - 1; row >= 0; row--) {
        double rest = map[row][output];
        for (int i = row + 1; i < inputs; i++) {
          rest -= lower[i][row] * map[i][output];
        }
        map[row][output] = rest / lower[row][row];
      }
    }
    return map;
  }

  /** The lower triangle whose product with its transpose is {@link #inner}. */
  private double[][] cholesky() {
    double[][] lower = new double[inputs][inputs];
    for (int row = 0; row < inputs; row++) {
      for (int column = 0; column <= row; column++) {
        double rest = inner[row][column];
        for (int i = 0; i < column; i++) {
          rest -= lower[row][i] * lower[column][i];
        }
        if (row > column) {
          lower[row][column] = rest / lower[column][column];
        } else if (rest > 1e-9 * inner[row][row]) {
          lower[row][row] = Math.sqrt(rest);
        } else {
          throw new IllegalStateException("input " + row + " follows from those before it");
        }
      }
    }
    return lower;
  }
}
