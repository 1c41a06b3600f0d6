package dev.latentline.gateway.input;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes PNG files of any kind, whose rows have one filter after the other. */
final class TestPng {
  static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

  private static final int[][] ADAM7 = {
    {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
  };

  /** A sample of the picture, as the file has it. */
  interface Samples {
    int at(int x, int y, int channel);
  }

  final int width;
  final int height;
  final int depth;
  final int colourType;
  final int channels;

  TestPng(int width, int height, int depth, int colourType) {
    this.width = width;
    this.height = height;
    this.depth = depth;
    this.colourType = colourType;
    this.channels =
        switch (colourType) {
          case 2 -> 3;
          case 4 -> 2;
          case 6 -> 4;
          default -> 1;
        };
  }

  static byte[] rgb(int width, int height) {
    return new TestPng(width, height, 8, 2).write(false, TestPng::wave, new byte[0]);
  }

  static int wave(int x, int y, int channel) {
    return (x * 5 + y * 3 * (channel + 1) + x * y) & 0xff;
  }

  byte[] write(boolean interlaced, Samples samples, byte[] before) {
    ByteArrayOutputStream rows = new ByteArrayOutputStream();
    if (interlaced) {
      for (int[] pass : ADAM7) {
        rows(rows, samples, pass);
      }
    } else {
      rows(rows, samples, new int[] {0, 0, 1, 1});
    }
    byte[] data = deflate(rows.toByteArray());
    int half = data.length / 2;
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(SIGNATURE);
    file.writeBytes(header(width, height, depth, colourType, interlaced ? 1 : 0));
    file.writeBytes(before);
    file.writeBytes(chunk("IDAT", Arrays.copyOf(data, half)));
    file.writeBytes(chunk("IDAT", new byte[0]));
    file.writeBytes(chunk("IDAT", Arrays.copyOfRange(data, half, data.length)));
    file.writeBytes(chunk("tIME", new byte[7]));
    file.writeBytes(chunk("IEND", new byte[0]));
    return file.toByteArray();
  }

  static byte[] header(int width, int height, int depth, int colourType, int interlace) {
    return chunk(
        "IHDR",
        ByteBuffer.allocate(13)
            .putInt(width)
            .putInt(height)
            .put((byte) depth)
            .put((byte) colourType)
            .put(new byte[] {0, 0, (byte) interlace})
            .array());
  }

  static byte[] chunk(String type, byte[] data) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data);
    return ByteBuffer.allocate(12 + data.length)
        .putInt(data.length)
        .put(name)
        .put(data)
        .putInt((int) crc.getValue())
        .array();
  }

  private void rows(ByteArrayOutputStream out, Samples samples, int[] pass) {
    int columns = (width - pass[0] + pass[2] - 1) / pass[2];
    byte[] above = new byte[(columns * channels * depth + 7) / 8];
    int filter = 0;
    for (int y = pass[1]; y < height; y += pass[3]) {
      byte[] row = new byte[above.length];
      for (int column = 0; column < columns; column++) {
        for (int channel = 0; channel < channels; channel++) {
          int sample = samples.at(pass[0] + column * pass[2], y, channel);
          put(row, column * channels + channel, sample);
        }
      }
      out.write(filter);
      out.writeBytes(filtered(filter, row, above));
      filter = (filter + 1) % 5;
      above = row;
    }
  }

  private void put(byte[] row, int index, int sample) {
    if (depth == 16) {
      row[2 * index] = (byte) (sample >> 8);
      row[2 * index + 1] = (byte) sample;
    } else {
      int bit = index * depth;
      row[bit / 8] |= (byte) (sample << (8 - depth - bit % 8));
    }
  }

  private byte[] filtered(int filter, byte[] row, byte[] above) {
    int before = Math.max(1, channels * depth / 8);
    byte[] out = new byte[row.length];
    for (int i = 0; i < row.length; i++) {
      int a = i < before ? 0 : row[i - before] & 0xff;
      int b = above[i] & 0xff;
      int c = i < before ? 0 : above[i - before] & 0xff;
      int p = a + b - c;
      int nearest =
          Math.abs(p - a) <= Math.abs(p - b) && Math.abs(p - a) <= Math.abs(p - c)
              ? a
              : Math.abs(p - b) <= Math.abs(p - c) ? b : c;
      int predicted = new int[] {0, a, b, (a + b) / 2, nearest}[filter];
      out[i] = (byte) (row[i] - predicted);
    }
    return out;
  }

  static byte[] deflate(byte[] bytes) {
    Deflater deflater = new Deflater();
    deflater.setInput(bytes);
    deflater.finish();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    while (!deflater.finished()) {
      out.write(buffer, 0, deflater.deflate(buffer));
    }
    deflater.end();
    return out.toByteArray();
  }
}
