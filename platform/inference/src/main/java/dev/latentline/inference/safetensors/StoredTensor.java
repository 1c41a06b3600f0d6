package dev.latentline.inference.safetensors;

import java.util.List;

/**
 * Where a file keeps a tensor, in row-major order.
 *
 * @param begin of its bytes, from the beginning of the file
 * @param end behind its last byte
 */
public record StoredTensor(String name, StoredType type, List<Long> shape, long begin, long end) {
  private static final int MAX_SHOWN_CHARS = 200;

  public StoredTensor {
    shape = List.copyOf(shape);
  }

  /** Its name for messages, of which others can be any length. */
  public String shown() {
    return shown(name);
  }

  /** A tensor's name for messages. */
  public static String shown(String name) {
    return name.length() > MAX_SHOWN_CHARS ? name.substring(0, MAX_SHOWN_CHARS) + "..." : name;
  }

  public long bytes() {
    return end - begin;
  }

  public long elements() {
    return bytes() / type.bytes();
  }
}
