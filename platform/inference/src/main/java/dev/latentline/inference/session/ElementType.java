package dev.latentline.inference.session;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.Half;
import dev.latentline.inference.tensor.LongTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The types of a graph's inputs that can be fed. */
public enum ElementType {
  FLOAT32(OnnxJavaType.FLOAT) {
    @Override
    void write(DenseTensor tensor, ByteBuffer to) {
      if (tensor instanceof FloatTensor floats) {
        to.asFloatBuffer().put(floats.data());
      } else if (tensor instanceof LongTensor longs) {
        for (long value : longs.data()) {
          to.putFloat(value);
        }
      }
    }
  },
  FLOAT16(OnnxJavaType.FLOAT16) {
    @Override
    void write(DenseTensor tensor, ByteBuffer to) {
      if (tensor instanceof FloatTensor floats) {
        for (float value : floats.data()) {
          to.putShort(Half.fromFloat(value));
        }
      } else if (tensor instanceof LongTensor longs) {
        for (long value : longs.data()) {
          to.putShort(Half.fromFloat(value));
        }
      }
    }
  },
  INT64(OnnxJavaType.INT64) {
    @Override
    void write(DenseTensor tensor, ByteBuffer to) {
      to.asLongBuffer().put(integers(tensor).data());
    }
  },
  INT32(OnnxJavaType.INT32) {
    @Override
    void write(DenseTensor tensor, ByteBuffer to) {
      for (long value : integers(tensor).data()) {
        to.putInt(Math.toIntExact(value));
      }
    }
  };

  private final OnnxJavaType type;

  ElementType(OnnxJavaType type) {
    this.type = type;
  }

  /** Whether fractions can be passed. */
  public boolean isFloating() {
    return this == FLOAT32 || this == FLOAT16;
  }

  OnnxJavaType type() {
    return type;
  }

  static ElementType of(String input, OnnxJavaType type) {
    for (ElementType known : values()) {
      if (known.type == type) {
        return known;
      }
    }
    throw new IllegalArgumentException("input " + input + " of a graph has the type " + type);
  }

  abstract void write(DenseTensor tensor, ByteBuffer to);

  /** The caller closes it; its memory is a direct buffer that the tensor keeps alive. */
  OnnxTensor bind(OrtEnvironment environment, DenseTensor tensor) throws OrtException {
    int bytes = Math.multiplyExact(DenseTensor.elements(tensor.shape()), type.size);
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    write(tensor, buffer);
    return OnnxTensor.createTensor(environment, buffer.rewind(), tensor.shape(), type);
  }

  private static LongTensor integers(DenseTensor tensor) {
    if (tensor instanceof LongTensor longs) {
      return longs;
    }
    throw new IllegalArgumentException("the graph takes integers where fractions were passed");
  }
}
