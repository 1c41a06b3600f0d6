package dev.latentline.inference.tensor;

/** Numbers with a shape, in row-major order: what goes into a graph. */
public sealed interface DenseTensor permits FloatTensor, LongTensor {
  long[] shape();

  /**
   * The number of elements of a shape.
   *
   * @throws IllegalArgumentException when a side is negative or the product passes an int
   */
  static int elements(long[] shape) {
    long product = 1;
    for (long side : shape) {
      if (side < 0) {
        throw new IllegalArgumentException("a shape has no negative sides");
      }
      product = Math.multiplyExact(product, side);
    }
    return Math.toIntExact(product);
  }
}
