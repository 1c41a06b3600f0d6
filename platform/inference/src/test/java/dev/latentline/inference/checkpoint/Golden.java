package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** What diffusers computes with a {@link dev.latentline.testkit.RandomCheckpoint}. */
record Golden(SafetensorsFile file) {
  /** Of the largest number of a tensor. */
  private static final double TOLERANCE = 1e-4;

  static Golden of(String name) throws IOException {
    Path home = Path.of(System.getProperty("latentline.home"));
    return new Golden(SafetensorsFile.open(home.resolve("parity/golden/" + name + ".safetensors")));
  }

  String checkpointSha256() {
    return file.metadata().get("checkpoint_sha256");
  }

  boolean has(String name) {
    return file.find(name).isPresent();
  }

  FloatTensor floats(String name) throws IOException {
    StoredTensor tensor = file.find(name).orElseThrow();
    float[] values = new float[(int) tensor.elements()];
    file.map(tensor).asFloatBuffer().get(values);
    return new FloatTensor(shape(tensor), values);
  }

  /** Of a tensor of bytes, from 0 to 255. */
  FloatTensor bytes(String name) throws IOException {
    StoredTensor tensor = file.find(name).orElseThrow();
    ByteBuffer stored = file.map(tensor);
    float[] values = new float[(int) tensor.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Byte.toUnsignedInt(stored.get(i));
    }
    return new FloatTensor(shape(tensor), values);
  }

  LongTensor longs(String name) throws IOException {
    StoredTensor tensor = file.find(name).orElseThrow();
    ByteBuffer bytes = file.map(tensor);
    long[] values = new long[(int) tensor.elements()];
    bytes.asLongBuffer().get(values);
    return new LongTensor(shape(tensor), values);
  }

  private static long[] shape(StoredTensor tensor) {
    return tensor.shape().stream().mapToLong(Long::longValue).toArray();
  }

  /** Largest difference over largest number. */
  void assertSame(String name, FloatTensor found) throws IOException {
    FloatTensor expected = floats(name);
    assertThat(DenseTensor.elements(found.shape())).isEqualTo(expected.data().length);
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < expected.data().length; i++) {
      difference = Math.max(difference, Math.abs(expected.data()[i] - found.data()[i]));
      largest = Math.max(largest, Math.abs(expected.data()[i]));
    }
    assertThat(difference / largest).as(name).isLessThan(TOLERANCE);
  }
}
