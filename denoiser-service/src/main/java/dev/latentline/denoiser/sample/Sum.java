package dev.latentline.denoiser.sample;

/** A weighted sum of arrays of one length, in double precision until it is rounded. */
final class Sum {
  private final double[] values;

  private Sum(int length) {
    values = new double[length];
  }

  static Sum of(double weight, float[] terms) {
    return new Sum(terms.length).plus(weight, terms);
  }

  Sum plus(double weight, float[] terms) {
    // what has no weight is not to make a NaN of it either
    if (weight != 0) {
      for (int i = 0; i < values.length; i++) {
        values[i] += weight * terms[i];
      }
    }
    return this;
  }

  float[] rounded() {
    float[] rounded = new float[values.length];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = (float) values[i];
    }
    return rounded;
  }
}
