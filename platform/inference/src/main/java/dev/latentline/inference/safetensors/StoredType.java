package dev.latentline.inference.safetensors;

import java.util.Arrays;
import java.util.Optional;

/** The element types of stored tensors, by the names of the format. All are little-endian. */
public enum StoredType {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  F8_E5M2(1),
  F8_E4M3(1),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U64(8),
  U32(4),
  U16(2),
  U8(1),
  BOOL(1);

  private final int bytes;

  StoredType(int bytes) {
    this.bytes = bytes;
  }

  /** Of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether a network can be given weights of this type: they are widened without loss. */
  public boolean isWeight() {
    return this == F32 || this == F16 || this == BF16;
  }

  static Optional<StoredType> byName(String name) {
    return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
  }
}
