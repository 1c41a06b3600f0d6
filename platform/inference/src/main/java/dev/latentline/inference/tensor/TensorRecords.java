package dev.latentline.inference.tensor;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.latentline.contract.Failure;
import dev.latentline.proto.v1.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.util.Arrays;
import java.util.List;

/** Tensors in the form in which they travel in records: raw little-endian elements. */
public final class TensorRecords {
  /** More sides than any tensor of a diffusion model has. */
  private static final int MAX_RANK = 8;

  private TensorRecords() {}

  public static Tensor toFloat32(FloatTensor tensor) {
    ByteBuffer bytes = littleEndian(tensor.data().length * (long) Float.BYTES);
    bytes.asFloatBuffer().put(tensor.data());
    return message(tensor, Tensor.Dtype.FLOAT32, bytes);
  }

  /** Rounded to the nearest half, see {@link Half}. */
  public static Tensor toFloat16(FloatTensor tensor) {
    ByteBuffer bytes = littleEndian(tensor.data().length * (long) Short.BYTES);
    ShortBuffer halves = bytes.asShortBuffer();
    for (float value : tensor.data()) {
      halves.put(Half.fromFloat(value));
    }
    return message(tensor, Tensor.Dtype.FLOAT16, bytes);
  }

  /**
   * @param shape of as many elements as there are values
   */
  public static Tensor toUint8(byte[] values, long... shape) {
    if (DenseTensor.elements(shape) != values.length) {
      throw new IllegalArgumentException(values.length + " values are none of that shape");
    }
    Tensor.Builder message = Tensor.newBuilder().setDtype(Tensor.Dtype.UINT8);
    for (long side : shape) {
      message.addShape(side);
    }
    return message.setData(ByteString.copyFrom(values)).build();
  }

  /**
   * The tensor as fp32; of uint8 from 0 to 255.
   *
   * @throws Failure.Rejected with code {@code invalid_tensor} when dtype, shape and length do not
   *     fit each other
   */
  public static FloatTensor fromRecord(Tensor tensor) {
    int elementBytes =
        switch (tensor.getDtype()) {
          case FLOAT32 -> Float.BYTES;
          case FLOAT16 -> Short.BYTES;
          case UINT8 -> Byte.BYTES;
          default -> throw invalid("unknown dtype");
        };
    long[] shape = shape(tensor.getShapeList());
    int elements = elements(shape);
    ByteString data = tensor.getData();
    requireSize(data, elements, elementBytes);
    ByteBuffer bytes = data.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[elements];
    switch (tensor.getDtype()) {
      case FLOAT32 -> bytes.asFloatBuffer().get(values);
      case FLOAT16 -> {
        ShortBuffer halves = bytes.asShortBuffer();
        for (int i = 0; i < elements; i++) {
          values[i] = Half.toFloat(halves.get(i));
        }
      }
      default -> {
        for (int i = 0; i < elements; i++) {
          values[i] = Byte.toUnsignedInt(bytes.get(i));
        }
      }
    }
    return new FloatTensor(shape, values);
  }

  /**
   * The tensor itself, when it has exactly this shape and only finite elements; for what comes from
   * another service.
   *
   * @param what names the tensor in the message
   * @throws Failure.Rejected with code {@code invalid_tensor} otherwise
   */
  public static FloatTensor require(FloatTensor tensor, String what, long... shape) {
    requireShape(tensor.shape(), what, shape);
    if (!tensor.isFinite()) {
      throw invalid(what + " holds a value that is not finite");
    }
    return tensor;
  }

  /**
   * The elements of a tensor of uint8, when it has exactly this shape; for what comes from another
   * service.
   *
   * @param what names the tensor in the message
   * @throws Failure.Rejected with code {@code invalid_tensor} otherwise
   */
  public static byte[] requireUint8(Tensor tensor, String what, long... shape) {
    if (tensor.getDtype() != Tensor.Dtype.UINT8) {
      throw invalid(what + " is not of uint8");
    }
    requireShape(shape(tensor.getShapeList()), what, shape);
    requireSize(tensor.getData(), elements(shape), Byte.BYTES);
    return tensor.getData().toByteArray();
  }

  private static void requireShape(long[] found, String what, long... shape) {
    if (!Arrays.equals(found, shape)) {
      throw invalid(
          what + " has shape " + Arrays.toString(found) + " instead of " + Arrays.toString(shape));
    }
  }

  private static void requireSize(ByteString data, int elements, int elementBytes) {
    if (data.size() != elements * (long) elementBytes) {
      throw invalid(
          "shape has "
              + elements
              + " elements of "
              + elementBytes
              + ", data "
              + data.size()
              + " B");
    }
  }

  private static Tensor message(FloatTensor tensor, Tensor.Dtype dtype, ByteBuffer bytes) {
    Tensor.Builder message = Tensor.newBuilder().setDtype(dtype);
    for (long side : tensor.shape()) {
      message.addShape(side);
    }
    // the buffer is ours alone and not written any more
    return message.setData(UnsafeByteOperations.unsafeWrap(bytes)).build();
  }

  private static ByteBuffer littleEndian(long size) {
    return ByteBuffer.allocate(Math.toIntExact(size)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static long[] shape(List<Long> sides) {
    if (sides.size() > MAX_RANK) {
      throw invalid("more than " + MAX_RANK + " sides");
    }
    return sides.stream().mapToLong(Long::longValue).toArray();
  }

  private static int elements(long[] shape) {
    try {
      return DenseTensor.elements(shape);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw invalid("shape " + Arrays.toString(shape) + " is impossible");
    }
  }

  private static Failure.Rejected invalid(String detail) {
    return new Failure.Rejected("invalid_tensor", "A tensor in a record is invalid: " + detail);
  }
}
