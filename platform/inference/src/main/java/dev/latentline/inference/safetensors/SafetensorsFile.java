package dev.latentline.inference.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;

/**
 * A safetensors file, open for reading. Its header is held to the format when it is opened; tensors
 * are mapped into memory one by one, so that a file may be larger than 2 GB. Thread-safe. What was
 * mapped stays valid after the file is closed.
 *
 * <p>The format: 8 bytes with the header's length, a JSON object, and the tensors' bytes without
 * gaps (https://github.com/huggingface/safetensors).
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final int LENGTH_BYTES = 8;

  private final Path path;
  private final FileChannel channel;
  private final SafetensorsHeader header;

  private SafetensorsFile(Path path, FileChannel channel, SafetensorsHeader header) {
    this.path = path;
    this.channel = channel;
    this.header = header;
  }

  /**
   * @throws InvalidSafetensorsException when the file is none, or is broken or cut short
   * @throws IOException when it cannot be read
   */
  public static SafetensorsFile open(Path path) throws IOException {
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      return new SafetensorsFile(path, channel, header(path, channel));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static SafetensorsHeader header(Path path, FileChannel channel) throws IOException {
    long size = channel.size();
    String name = String.valueOf(path.getFileName());
    if (size < LENGTH_BYTES) {
      throw new InvalidSafetensorsException(name + " is too short for a safetensors file");
    }
    long length = read(channel, 0, LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 2 || length > SafetensorsHeader.MAX_BYTES || length > size - LENGTH_BYTES) {
      throw new InvalidSafetensorsException(
          name
              + " is no safetensors file, or is cut short: it states a header of "
              + Long.toUnsignedString(length)
              + " bytes");
    }
    byte[] json = read(channel, LENGTH_BYTES, (int) length).array();
    return SafetensorsHeader.parse(name, json, LENGTH_BYTES + length, size);
  }

  private static ByteBuffer read(FileChannel channel, long from, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, from + buffer.position()) < 0) {
        throw new IOException("the file ended while it was read");
      }
    }
    return buffer.flip();
  }

  public Path path() {
    return path;
  }

  /** By name. */
  public Map<String, StoredTensor> tensors() {
    return header.tensors();
  }

  public Optional<StoredTensor> find(String name) {
    return Optional.ofNullable(header.tensors().get(name));
  }

  /** What the file says of itself. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * The tensor's bytes in memory, read as they are touched; little-endian.
   *
   * @throws IllegalArgumentException when it is larger than 2 GB, which no layer of a known network
   *     is
   */
  public ByteBuffer map(StoredTensor tensor) throws IOException {
    if (tensor.bytes() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(tensor.name() + " is larger than 2 GB");
    }
    return channel
        .map(MapMode.READ_ONLY, tensor.begin(), tensor.bytes())
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
