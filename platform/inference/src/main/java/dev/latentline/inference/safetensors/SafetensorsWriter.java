package dev.latentline.inference.safetensors;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Comparator;
import java.util.List;

/** Writes safetensors files. The same tensors give the same bytes. */
public final class SafetensorsWriter {
  private static final int ALIGNMENT = 8;

  private SafetensorsWriter() {}

  /**
   * A tensor to be written.
   *
   * @param shape of its elements
   */
  public record Entry(String name, StoredType type, List<Long> shape) {
    public Entry {
      shape = List.copyOf(shape);
    }

    public long bytes() {
      return shape.stream().reduce((long) type.bytes(), Math::multiplyExact);
    }
  }

  /** Gives the bytes of an entry, little-endian, all of them. */
  @FunctionalInterface
  public interface Content {
    ByteBuffer of(Entry entry) throws IOException;
  }

  /** How long the file will be. */
  public static long size(List<Entry> entries) {
    return header(ordered(entries)).length + entries.stream().mapToLong(Entry::bytes).sum();
  }

  /** Writes all entries, one after the other. */
  public static void write(OutputStream out, List<Entry> entries, Content content)
      throws IOException {
    List<Entry> ordered = ordered(entries);
    out.write(header(ordered));
    byte[] chunk = new byte[1024 * 1024];
    for (Entry entry : ordered) {
      ByteBuffer bytes = content.of(entry);
      if (bytes.remaining() != entry.bytes()) {
        throw new IllegalArgumentException(entry.name() + " has " + bytes.remaining() + " bytes");
      }
      while (bytes.hasRemaining()) {
        int length = Math.min(chunk.length, bytes.remaining());
        bytes.get(chunk, 0, length);
        out.write(chunk, 0, length);
      }
    }
  }

  /** Wide elements first, so that each lies at a multiple of its size. */
  private static List<Entry> ordered(List<Entry> entries) {
    return entries.stream()
        .sorted(
            Comparator.comparingInt((Entry entry) -> -entry.type().bytes())
                .thenComparing(Entry::name))
        .toList();
  }

  private static byte[] header(List<Entry> entries) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    long at = 0;
    for (Entry entry : entries) {
      ObjectNode tensor = root.putObject(entry.name()).put("dtype", entry.type().name());
      entry.shape().forEach(tensor.putArray("shape")::add);
      tensor.putArray("data_offsets").add(at).add(at + entry.bytes());
      at += entry.bytes();
    }
    byte[] json;
    try {
      json = mapper.writeValueAsBytes(root);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    int padded = (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ByteBuffer header = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(padded).put(json);
    while (header.hasRemaining()) {
      header.put((byte) ' ');
    }
    return header.array();
  }
}
