package dev.latentline.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.latentline.contract.Failure;
import dev.latentline.proto.v1.Tensor;
import java.util.Collections;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TensorRecordsTest {
  private static final FloatTensor TENSOR =
      new FloatTensor(new long[] {1, 2, 2}, new float[] {1, -2.5f, 0.1f, 65504});

  @Test
  void elementsAreLittleEndian() {
    Tensor record = TensorRecords.toFloat32(TENSOR);

    assertThat(record.getDtype()).isEqualTo(Tensor.Dtype.FLOAT32);
    assertThat(record.getShapeList()).containsExactly(1L, 2L, 2L);
    assertThat(record.getData().substring(0, 8).toByteArray())
        .containsExactly(0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0);
    assertThat(TensorRecords.toFloat16(TENSOR).getData().toByteArray())
        .containsExactly(0x00, 0x3c, 0x00, 0xc1, 0x66, 0x2e, 0xff, 0x7b);
  }

  @Test
  void fp32ComesBackBitForBit() {
    float[] values = new float[1000];
    Random random = new Random(1);
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(random.nextInt());
    }
    FloatTensor tensor = new FloatTensor(new long[] {10, 100}, values);

    FloatTensor back = TensorRecords.fromRecord(TensorRecords.toFloat32(tensor));

    assertThat(back.shape()).containsExactly(10, 100);
    for (int i = 0; i < values.length; i++) {
      assertThat(Float.floatToRawIntBits(back.data()[i]))
          .isEqualTo(Float.floatToRawIntBits(values[i]));
    }
  }

  @Test
  void fp16ComesBackAsTheNearestHalf() {
    FloatTensor back = TensorRecords.fromRecord(TensorRecords.toFloat16(TENSOR));

    assertThat(back.data()).containsExactly(1, -2.5f, 0.099975586f, 65504);
  }

  @Test
  void bytesComeBackAsTheyAre() {
    byte[] bytes = {0, 1, 127, -128, -1, 5};
    Tensor record = TensorRecords.toUint8(bytes, 1, 3, 2);

    assertThat(TensorRecords.requireUint8(record, "a picture", 1, 3, 2)).isEqualTo(bytes);
    assertThat(TensorRecords.fromRecord(record).data()).containsExactly(0, 1, 127, 128, 255, 5);
    assertNoBytes(record.toBuilder().setShape(1, 2).build(), "[1, 2, 2] instead of [1, 3, 2]");
    assertNoBytes(record.toBuilder().setData(record.getData().substring(1)).build(), "data 5 B");
    assertNoBytes(record.toBuilder().setDtype(Tensor.Dtype.FLOAT16).build(), "not of uint8");
  }

  private static void assertNoBytes(Tensor record, String message) {
    assertThatThrownBy(() -> TensorRecords.requireUint8(record, "a picture", 1, 3, 2))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("invalid_tensor"))
        .hasMessageContaining(message);
  }

  @Test
  void whatDoesNotFitTogetherIsRejected() {
    Tensor good = TensorRecords.toFloat32(TENSOR);

    assertRejected(good.toBuilder().setData(good.getData().substring(1)).build());
    assertRejected(good.toBuilder().setShape(0, 2).build());
    assertRejected(good.toBuilder().setShape(0, -1).build());
    assertRejected(
        good.toBuilder().setShape(0, Long.MAX_VALUE).setShape(1, Long.MAX_VALUE).build());
    assertRejected(good.toBuilder().clearDtype().build());
    assertRejected(good.toBuilder().setDtypeValue(77).build());
    assertRejected(good.toBuilder().setDtype(Tensor.Dtype.FLOAT16).build());
    assertRejected(
        Tensor.newBuilder()
            .setDtype(Tensor.Dtype.FLOAT32)
            .addAllShape(Collections.nCopies(9, 1L))
            .setData(ByteString.copyFrom(new byte[4]))
            .build());
  }

  @Test
  void aTensorOfAnotherShapeOrWithoutFiniteValuesIsNotLetIn() {
    assertThat(TensorRecords.require(TENSOR, "latents", 1, 2, 2)).isSameAs(TENSOR);
    assertThatThrownBy(() -> TensorRecords.require(TENSOR, "latents", 1, 4))
        .isInstanceOf(Failure.Rejected.class)
        .hasMessageContaining("latents has shape [1, 2, 2] instead of [1, 4]");
    FloatTensor broken = new FloatTensor(new long[] {2}, new float[] {0, Float.NaN});
    assertThatThrownBy(() -> TensorRecords.require(broken, "latents", 2))
        .isInstanceOf(Failure.Rejected.class)
        .hasMessageContaining("not finite");
  }

  private static void assertRejected(Tensor record) {
    assertThatThrownBy(() -> TensorRecords.fromRecord(record))
        .isInstanceOfSatisfying(
            Failure.Rejected.class,
            rejected -> assertThat(rejected.code()).isEqualTo("invalid_tensor"));
  }
}
