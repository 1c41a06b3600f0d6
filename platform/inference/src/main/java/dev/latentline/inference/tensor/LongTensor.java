package dev.latentline.inference.tensor;

/**
 * A dense int64 tensor in row-major order: token ids, masks, timesteps. The array is not copied.
 *
 * @param shape its product is the length of data
 */
public record LongTensor(long[] shape, long[] data) implements DenseTensor {
  public LongTensor {
    int elements = DenseTensor.elements(shape);
    if (elements != data.length) {
      throw new IllegalArgumentException(
          "shape has " + elements + " elements, data has " + data.length);
    }
  }
}
