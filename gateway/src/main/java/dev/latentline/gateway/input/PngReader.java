package dev.latentline.gateway.input;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * Reads PNG files (W3C PNG, third edition) row by row into 8-bit RGB: memory is that of the result,
 * whatever the file's own depth, and nothing but the picture is inflated. What is transparent lies
 * over white. Colour spaces are not looked at: values are taken for sRGB's. Of an animation the
 * still picture is read.
 */
final class PngReader {
  static final long SIGNATURE = 0x89504e470d0a1a0aL;

  private static final int IHDR = 0x49484452;
  private static final int PLTE = 0x504c5445;
  private static final int TRNS = 0x74524e53;
  private static final int IDAT = 0x49444154;
  private static final int IEND = 0x49454e44;

  private static final int MAX_PALETTE_BYTES = 3 * 256;

  /** Bit 5 of a type's first byte: a reader that does not know the chunk may go on without it. */
  private static final int ANCILLARY = 0x20000000;

  /** Of Adam7: first column, first row, and the steps between columns and between rows. */
  private static final int[][] ADAM7 = {
    {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
  };

  private static final int[][] WHOLE = {{0, 0, 1, 1}};

  private final DataInputStream in;
  private final CRC32 crc = new CRC32();

  private PngReader(InputStream in) {
    this.in = new DataInputStream(in);
  }

  /** Sides and nothing more, from the first 33 bytes. */
  static PictureHead head(InputStream in) throws IOException, UnusablePictureException {
    PngHeader header = new PngReader(in).header();
    return new PictureHead(PictureHead.Format.PNG, header.width(), header.height(), 1, 1);
  }

  static RgbPicture read(InputStream in) throws IOException, UnusablePictureException {
    try {
      return new PngReader(in).picture();
    } catch (EOFException e) {
      throw UnusablePictureException.broken("Ends before the picture does");
    } catch (ZipException e) {
      throw UnusablePictureException.broken("Has pixels that are damaged");
    }
  }

  private PngHeader header() throws IOException, UnusablePictureException {
    if (in.readLong() != SIGNATURE || in.readInt() != PngHeader.BYTES || type() != IHDR) {
      throw UnusablePictureException.broken("Does not begin as a PNG file");
    }
    byte[] data = data(PngHeader.BYTES);
    endChunk();
    return PngHeader.of(ByteBuffer.wrap(data));
  }

  private RgbPicture picture() throws IOException, UnusablePictureException {
    PngHeader header = header();
    UnusablePictureException.checkSize(header.width(), header.height());
    byte[] palette = null;
    byte[] transparency = null;
    RgbPicture picture = null;
    while (true) {
      int length = in.readInt();
      int type = type();
      if (length < 0) {
        throw UnusablePictureException.broken("Has a chunk without end");
      }
      if (type == IEND) {
        skip(length);
        endChunk();
        break;
      }
      if (type == IDAT && picture == null) {
        PngRows rows = new PngRows(header, palette, transparency);
        picture = pixels(header, rows, length);
        // its last chunk is at its end
        continue;
      }
      if (type == PLTE && picture == null) {
        palette = data(bounded(length));
      } else if (type == TRNS && picture == null) {
        transparency = data(bounded(length));
      } else if (type == IDAT || type == PLTE || (type & ANCILLARY) != 0) {
        skip(length);
      } else {
        throw UnusablePictureException.broken(
            "Has a chunk that is not known and cannot be left out");
      }
      endChunk();
    }
    if (picture == null) {
      throw UnusablePictureException.broken("Has no pixels");
    }
    return picture;
  }

  private RgbPicture pixels(PngHeader header, PngRows rows, int length)
      throws IOException, UnusablePictureException {
    byte[] rgb = new byte[RgbPicture.CHANNELS * header.width() * header.height()];
    PixelData data = new PixelData(length);
    try (InflaterInputStream inflated = new InflaterInputStream(data)) {
      for (int[] pass : header.interlaced() ? ADAM7 : WHOLE) {
        int columns = (header.width() - pass[0] + pass[2] - 1) / pass[2];
        int lines = (header.height() - pass[1] + pass[3] - 1) / pass[3];
        rows.begin(columns);
        for (int y = 0; y < lines; y++) {
          rows.next(inflated);
          int first = (pass[1] + y * pass[3]) * header.width() + pass[0];
          rows.copy(rgb, RgbPicture.CHANNELS * first, RgbPicture.CHANNELS * pass[2]);
        }
      }
    }
    data.finish();
    return new RgbPicture(header.width(), header.height(), rgb);
  }

  private int bounded(int length) throws UnusablePictureException {
    if (length > MAX_PALETTE_BYTES) {
      throw UnusablePictureException.broken("Has too large a palette");
    }
    return length;
  }

  /** The type of a chunk, where its checksum begins. */
  private int type() throws IOException {
    int type = in.readInt();
    crc.reset();
    crc.update(ByteBuffer.allocate(Integer.BYTES).putInt(type).flip());
    return type;
  }

  private byte[] data(int length) throws IOException {
    byte[] data = new byte[length];
    in.readFully(data);
    crc.update(data);
    return data;
  }

  private void skip(int length) throws IOException {
    byte[] part = new byte[Math.min(length, 8192)];
    for (int left = length; left > 0; left -= part.length) {
      int size = Math.min(left, part.length);
      in.readFully(part, 0, size);
      crc.update(part, 0, size);
    }
  }

  private void endChunk() throws IOException, UnusablePictureException {
    if (in.readInt() != (int) crc.getValue()) {
      throw UnusablePictureException.broken("Has a wrong checksum");
    }
  }

  /** What the IDAT chunks that follow each other hold together. */
  private final class PixelData extends InputStream {
    private int left;

    PixelData(int length) {
      this.left = length;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      while (left == 0) {
        next();
      }
      int size = Math.min(left, length);
      in.readFully(to, offset, size);
      crc.update(to, offset, size);
      left -= size;
      return size;
    }

    private void next() throws IOException {
      check();
      int length = in.readInt();
      if (type() != IDAT || length < 0) {
        throw new EOFException();
      }
      left = length;
    }

    private void check() throws IOException {
      if (in.readInt() != (int) crc.getValue()) {
        throw new ZipException();
      }
    }

    /** To the end of the chunk at hand, of which the last pixels are. */
    void finish() throws IOException {
      skip(left);
      left = 0;
      check();
    }
  }
}
