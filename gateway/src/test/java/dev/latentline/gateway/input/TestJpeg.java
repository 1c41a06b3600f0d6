package dev.latentline.gateway.input;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** JPEG files, with segments put in by hand. */
final class TestJpeg {
  private TestJpeg() {}

  /** Red, with a green left half of the upper half. */
  static BufferedImage corner(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, x < width / 2 && y < height / 2 ? 0x00ff00 : 0xff0000);
      }
    }
    return image;
  }

  static byte[] of(BufferedImage image, boolean progressive) {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(file)) {
      ImageWriteParam param = writer.getDefaultWriteParam();
      param.setProgressiveMode(
          progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
      writer.setOutput(out);
      writer.write(null, new IIOImage(image, null, null), param);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      writer.dispose();
    }
    return file.toByteArray();
  }

  static byte[] of(int width, int height) {
    return of(corner(width, height), false);
  }

  /** With a segment behind SOI. */
  static byte[] with(byte[] jpeg, int marker, byte[] data) {
    return ByteBuffer.allocate(jpeg.length + 4 + data.length)
        .put(jpeg, 0, 2)
        .put((byte) 0xff)
        .put((byte) marker)
        .putShort((short) (data.length + 2))
        .put(data)
        .put(jpeg, 2, jpeg.length - 2)
        .array();
  }

  static byte[] exif(int orientation, ByteOrder order) {
    return ByteBuffer.allocate(6 + 8 + 2 + 24 + 4)
        .put("Exif\0\0".getBytes(StandardCharsets.US_ASCII))
        .order(order)
        .putShort((short) (order == ByteOrder.LITTLE_ENDIAN ? 0x4949 : 0x4d4d))
        .putShort((short) 42)
        .putInt(8)
        .putShort((short) 2)
        // the width, which nobody asks for
        .putShort((short) 0x0100)
        .putShort((short) 3)
        .putInt(1)
        .putInt(7)
        .putShort((short) 0x0112)
        .putShort((short) 3)
        .putInt(1)
        .putShort((short) orientation)
        .array();
  }

  /** APP2 with a colour profile in one piece. */
  static byte[] profile(byte[] icc) {
    byte[] head = "ICC_PROFILE\0\1\1".getBytes(StandardCharsets.US_ASCII);
    byte[] data = Arrays.copyOf(head, head.length + icc.length);
    System.arraycopy(icc, 0, data, head.length, icc.length);
    return data;
  }

  /** Where a marker begins. */
  static int indexOf(byte[] jpeg, int marker) {
    for (int i = 2; i < jpeg.length - 1; i++) {
      if ((jpeg[i] & 0xff) == 0xff && (jpeg[i + 1] & 0xff) == marker) {
        return i;
      }
    }
    throw new IllegalArgumentException("there is none");
  }
}
