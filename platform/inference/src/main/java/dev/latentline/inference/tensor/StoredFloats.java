package dev.latentline.inference.tensor;

import dev.latentline.inference.safetensors.StoredType;
import java.nio.ByteBuffer;
import java.nio.ShortBuffer;

/** Weights of any of the types that they are stored in, as fp32; nothing is lost. */
public final class StoredFloats {
  private StoredFloats() {}

  /**
   * @param bytes in the byte order that the buffer says; read to the end
   * @throws IllegalArgumentException when the type is none of weights
   */
  public static float[] of(ByteBuffer bytes, StoredType type) {
    float[] values = new float[bytes.remaining() / type.bytes()];
    switch (type) {
      case F32 -> bytes.asFloatBuffer().get(values);
      case F16 -> {
        ShortBuffer halves = bytes.asShortBuffer();
        for (int i = 0; i < values.length; i++) {
          values[i] = Half.toFloat(halves.get(i));
        }
      }
      case BF16 -> {
        // the upper half of a float
        ShortBuffer halves = bytes.asShortBuffer();
        for (int i = 0; i < values.length; i++) {
          values[i] = Float.intBitsToFloat(halves.get(i) << 16);
        }
      }
      default -> throw new IllegalArgumentException("weights are no " + type);
    }
    return values;
  }
}
