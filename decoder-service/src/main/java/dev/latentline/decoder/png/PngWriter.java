package dev.latentline.decoder.png;

import dev.latentline.decoder.pixels.Pixels;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes PNG files (W3C PNG, third edition): 8-bit truecolour, sRGB, not interlaced. The same input
 * gives the same bytes wherever the platform's zlib is the same; a picture's identity is the digest
 * of its pixels.
 */
public final class PngWriter {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final int LEVEL = 6;
  private static final int BYTES_PER_PIXEL = 3;
  private static final int FILTERS = 5;

  private PngWriter() {}

  /**
   * The file.
   *
   * @param texts by keyword (1 to 79 characters of Latin-1), in their order; written as tEXt, or as
   *     iTXt where a text is not Latin-1
   */
  public static byte[] write(Pixels pixels, Map<String, String> texts) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(SIGNATURE);
    chunk(
        file,
        "IHDR",
        ByteBuffer.allocate(13)
            .putInt(pixels.width())
            .putInt(pixels.height())
            .put(new byte[] {8, 2, 0, 0, 0})
            .array());
    // rendering intent: perceptual
    chunk(file, "sRGB", new byte[] {0});
    texts.forEach((keyword, text) -> text(file, keyword, text));
    chunk(file, "IDAT", deflate(filter(pixels)));
    chunk(file, "IEND", new byte[0]);
    return file.toByteArray();
  }

  private static void text(ByteArrayOutputStream file, String keyword, String text) {
    // a text ends at a zero byte
    String clean = text.replace("\0", "");
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    data.writeBytes(keyword.getBytes(StandardCharsets.ISO_8859_1));
    data.write(0);
    if (StandardCharsets.ISO_8859_1.newEncoder().canEncode(clean)) {
      data.writeBytes(clean.getBytes(StandardCharsets.ISO_8859_1));
      chunk(file, "tEXt", data.toByteArray());
    } else {
      // not compressed, no language, no translated keyword
      data.writeBytes(new byte[4]);
      data.writeBytes(clean.getBytes(StandardCharsets.UTF_8));
      chunk(file, "iTXt", data.toByteArray());
    }
  }

  /**
   * Each row with the filter that makes its differences smallest (the sum of their absolute values,
   * section 12.7 of the specification).
   */
  private static byte[] filter(Pixels pixels) {
    int stride = pixels.width() * BYTES_PER_PIXEL;
    byte[] filtered = new byte[pixels.height() * (stride + 1)];
    byte[][] candidates = new byte[FILTERS][stride];
    byte[] above = new byte[stride];
    byte[] row = new byte[stride];
    for (int y = 0; y < pixels.height(); y++) {
      System.arraycopy(pixels.rgb(), y * stride, row, 0, stride);
      int best = 0;
      long bestSum = Long.MAX_VALUE;
      for (int type = 0; type < FILTERS; type++) {
        long sum = difference(type, row, above, candidates[type]);
        if (sum < bestSum) {
          best = type;
          bestSum = sum;
        }
      }
      filtered[y * (stride + 1)] = (byte) best;
      System.arraycopy(candidates[best], 0, filtered, y * (stride + 1) + 1, stride);
      byte[] swap = above;
      above = row;
      row = swap;
    }
    return filtered;
  }

  private static long difference(int type, byte[] row, byte[] above, byte[] out) {
    long sum = 0;
    for (int i = 0; i < row.length; i++) {
      int left = i < BYTES_PER_PIXEL ? 0 : row[i - BYTES_PER_PIXEL] & 0xff;
      int up = above[i] & 0xff;
      int corner = i < BYTES_PER_PIXEL ? 0 : above[i - BYTES_PER_PIXEL] & 0xff;
      int predicted =
          switch (type) {
            case 1 -> left;
            case 2 -> up;
            case 3 -> (left + up) / 2;
            case 4 -> paeth(left, up, corner);
            default -> 0;
          };
      out[i] = (byte) (row[i] - predicted);
      sum += Math.abs(out[i]);
    }
    return sum;
  }

  private static int paeth(int left, int up, int corner) {
    int estimate = left + up - corner;
    int toLeft = Math.abs(estimate - left);
    int toUp = Math.abs(estimate - up);
    int toCorner = Math.abs(estimate - corner);
    if (toLeft <= toUp && toLeft <= toCorner) {
      return left;
    }
    return toUp <= toCorner ? up : corner;
  }

  private static byte[] deflate(byte[] bytes) {
    Deflater deflater = new Deflater(LEVEL);
    try {
      deflater.setInput(bytes);
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] buffer = new byte[64 * 1024];
      while (!deflater.finished()) {
        out.write(buffer, 0, deflater.deflate(buffer));
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }

  private static void chunk(ByteArrayOutputStream file, String type, byte[] data) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data);
    file.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
    file.writeBytes(name);
    file.writeBytes(data);
    file.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
  }
}
