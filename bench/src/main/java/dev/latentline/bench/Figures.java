package dev.latentline.bench;

import java.util.Arrays;
import java.util.List;

/** What is said of many measurements. */
final class Figures {
  private Figures() {}

  static double percentile(List<Double> values, double share) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted.length == 0 ? Double.NaN : sorted[(int) Math.ceil(share * sorted.length) - 1];
  }

  static double median(List<Double> values) {
    return percentile(values, 0.5);
  }

  static double median(double... values) {
    return median(Arrays.stream(values).boxed().toList());
  }
}
