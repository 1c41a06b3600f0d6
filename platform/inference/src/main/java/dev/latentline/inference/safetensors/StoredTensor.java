package dev.latentline.inference.safetensors;

import java.util.List;

/**
 * Where a file keeps a tensor, in row-major order.
 *
 * @param begin of its bytes, from the beginning of the file
 * @param end behind its last byte
 */
public record StoredTensor(String name, StoredType type, List<Long> shape, long begin, long end) {
  public StoredTensor {
    shape = List.copyOf(shape);
  }

  public long bytes() {
    return end - begin;
  }

  public long elements() {
    return bytes() / type.bytes();
  }
}
