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
 * Room for numbers in pages of a file in the folder for temporary files, which has no name any
 * more: off the heap, and beyond Java's limit for direct memory. What was taken stays valid as long
 * as it can be reached, also when this is closed. Not thread-safe.
 */
public final class TemporaryPages implements AutoCloseable {
  private final FileChannel channel;
  private long taken;

  private TemporaryPages(FileChannel channel) {
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

  /** Zeros, in the machine's order. */
  public ByteBuffer take(long bytes) throws IOException {
    ByteBuffer room = channel.map(MapMode.READ_WRITE, taken, bytes).order(ByteOrder.nativeOrder());
    taken += bytes;
    return room;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
