package dev.latentline.inference.tensor;

/**
 * A dense fp32 tensor in row-major order. The array is not copied: who passes it on does not write
 * to it any more.
 *
 * @param shape its product is the length of data
 */
public record FloatTensor(long[] shape, float[] data) implements DenseTensor {
  public FloatTensor {
    int elements = DenseTensor.elements(shape);
    if (elements != data.length) {
      throw new IllegalArgumentException(
          "shape has " + elements + " elements, data has " + data.length);
    }
  }

  /** All elements 0. */
  public static FloatTensor zeros(long... shape) {
    return new FloatTensor(shape, new float[DenseTensor.elements(shape)]);
  }

  /** Whether no element is NaN or infinite. */
  public boolean isFinite() {
    for (float value : data) {
      if (!Float.isFinite(value)) {
        return false;
      }
    }
    return true;
  }
}
