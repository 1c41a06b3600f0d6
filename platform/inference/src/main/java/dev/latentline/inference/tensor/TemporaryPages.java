package dev.latentline.inference.tensor;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Numbers in pages of a file in the folder for temporary files, which has no name any more: off the
 * heap, beyond Java's limit for direct memory, and the system can take the pages back. What was
 * mapped stays valid as long as it can be reached, also when this is closed. Not thread-safe.
 */
public final class TemporaryPages implements AutoCloseable {
  private static final int PART_FLOATS = 256 * 1024;

  private final FileChannel channel;
  private final ByteBuffer part =
      ByteBuffer.allocateDirect(PART_FLOATS * Float.BYTES).order(ByteOrder.nativeOrder());

  private long mapped;
  private long written;

  TemporaryPages(FileChannel channel) {
    this.channel = channel;
  }

  public static TemporaryPages open() throws IOException {
    Path file = Files.createTempFile("latentline-", ".weights");
    try {
      return new TemporaryPages(
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
    } finally {
      Files.delete(file);
    }
  }

  /**
   * Appends numbers. They are written, not mapped: a page that the folder has no room for would end
   * the process.
   *
   * @throws NoRoomException when the folder has none
   */
  public void put(float[] values) throws IOException {
    for (int at = 0; at < values.length; at += PART_FLOATS) {
      int floats = Math.min(PART_FLOATS, values.length - at);
      part.clear().limit(floats * Float.BYTES);
      part.asFloatBuffer().put(values, at, floats);
      while (part.hasRemaining()) {
        write();
      }
    }
  }

  /** Pages of sums that are not in use any more may still be there. */
  private void write() throws NoRoomException {
    try {
      written += channel.write(part, written);
    } catch (IOException e) {
      if (!UnreachablePages.giveBackUntil(this::hasWritten)) {
        throw new NoRoomException(written, e);
      }
    }
  }

  private boolean hasWritten() {
    try {
      written += channel.write(part, written);
      return true;
    } catch (IOException stillNoRoom) {
      return false;
    }
  }

  /** Those that were put since the last time, in the machine's order. */
  public ByteBuffer map() throws IOException {
    ByteBuffer numbers =
        channel.map(MapMode.READ_WRITE, mapped, written - mapped).order(ByteOrder.nativeOrder());
    mapped = written;
    return numbers;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
