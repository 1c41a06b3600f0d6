package dev.latentline.denoiser.schedule;

/** Quantiles of beta distributions whose parameters are equal. */
final class BetaQuantile {
  private static final int BISECTIONS = 60;
  private static final double NEGLIGIBLE = 1e-18;

  private BetaQuantile() {}

  /**
   * Where the distribution function is {@code probability}: by bisection, which needs no
   * derivative, infinite at both ends.
   *
   * @param shape both parameters, positive
   */
  static double symmetric(double shape, double probability) {
    if (probability > 0.5) {
      return 1 - symmetric(shape, 1 - probability);
    }
    double wanted = 2 * probability * incomplete(shape, 0.5);
    double low = 0;
    double high = 0.5;
    for (int i = 0; i < BISECTIONS; i++) {
      double middle = (low + high) / 2;
      if (incomplete(shape, middle) < wanted) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return (low + high) / 2;
  }

  /**
   * The incomplete beta function B(x; a, a) of x up to a half: DLMF 8.17.7, whose hypergeometric
   * series converges at least as fast as the powers of x.
   */
  private static double incomplete(double a, double x) {
    double sum = 0;
    double term = 1;
    for (int n = 0; n == 0 || Math.abs(term) > NEGLIGIBLE; n++) {
      sum += term / (a + n);
      term *= (n + 1 - a) / (n + 1) * x;
    }
    return StrictMath.pow(x, a) * sum;
  }
}
