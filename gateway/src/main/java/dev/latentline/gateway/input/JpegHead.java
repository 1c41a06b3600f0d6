package dev.latentline.gateway.input;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Walks the segments of a JPEG file (ITU-T T.81, annex B) to its end, decoding nothing: a file that
 * is cut, has more scans than any program writes, or is of a kind that is not read is known by
 * then.
 */
final class JpegHead {
  /** SOI, and the beginning of another marker. */
  static final long SIGNATURE = 0xffd8ff;

  /**
   * The platform's decoder makes the whole picture once for each: 0.1 s of 16 megapixels. What
   * programs write has 10 or a few more.
   */
  private static final int MAX_SCANS = 32;

  private static final int SOI = 0xd8;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;
  private static final int APP1 = 0xe1;

  private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
  private static final int ORIENTATION = 0x0112;
  private static final int EXIF_ENTRY_BYTES = 12;

  private final DataInputStream in;
  private int width;
  private int height;
  private int orientation = 1;
  private int scans;

  private JpegHead(InputStream in) {
    this.in = new DataInputStream(in);
  }

  /**
   * @throws java.io.EOFException when the file is cut
   */
  static PictureHead read(InputStream in) throws IOException, UnusablePictureException {
    JpegHead head = new JpegHead(in);
    head.walk();
    return new PictureHead(
        PictureHead.Format.JPEG, head.width, head.height, head.orientation, head.scans);
  }

  private void walk() throws IOException, UnusablePictureException {
    if (in.readUnsignedShort() != 0xff00 + SOI) {
      throw UnusablePictureException.broken("Does not begin as a JPEG file");
    }
    int marker = marker(in.readUnsignedByte());
    while (marker != EOI) {
      if (isAlone(marker)) {
        marker = marker(in.readUnsignedByte());
        continue;
      }
      int length = in.readUnsignedShort() - 2;
      if (length < 0 || marker == SOI) {
        throw UnusablePictureException.broken("Has a segment that is none");
      }
      if (isFrame(marker)) {
        frame(marker, segment(length));
      } else if (marker == APP1) {
        exif(ByteBuffer.wrap(segment(length)));
      } else {
        in.skipNBytes(length);
      }
      marker = marker == SOS ? scan() : marker(in.readUnsignedByte());
    }
    if (scans == 0) {
      throw UnusablePictureException.broken("Has no pixels");
    }
  }

  /** Which marker a byte 0xff begins, fill bytes left out. */
  private int marker(int first) throws IOException, UnusablePictureException {
    if (first != 0xff) {
      throw UnusablePictureException.broken("Has something between its segments");
    }
    int marker = first;
    while (marker == 0xff) {
      marker = in.readUnsignedByte();
    }
    return marker;
  }

  private byte[] segment(int length) throws IOException {
    byte[] segment = new byte[length];
    in.readFully(segment);
    return segment;
  }

  /** TEM and RSTn, which have no length. */
  private static boolean isAlone(int marker) {
    return marker == 0x01 || isRestart(marker);
  }

  private static boolean isRestart(int marker) {
    return marker >= 0xd0 && marker <= 0xd7;
  }

  /** SOFn: all of C0 to CF but DHT, JPG and DAC. */
  private static boolean isFrame(int marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
  }

  private void frame(int marker, byte[] segment) throws UnusablePictureException {
    if (width > 0) {
      throw UnusablePictureException.broken("Has a second frame");
    }
    if (marker > 0xc2) {
      throw UnusablePictureException.unsupported(
          "Is a lossless, hierarchical or arithmetic JPEG file: save it as a common one");
    }
    if (segment.length < 6) {
      throw UnusablePictureException.broken("Has a frame that is none");
    }
    ByteBuffer frame = ByteBuffer.wrap(segment);
    int depth = frame.get();
    int lines = frame.getShort() & 0xffff;
    int columns = frame.getShort() & 0xffff;
    int colours = frame.get();
    if (depth != 8 || colours != 1 && colours != 3) {
      throw UnusablePictureException.unsupported(
          "Has %d colours of %d bits: save it as RGB or grey, of 8".formatted(colours, depth));
    }
    UnusablePictureException.checkSize(columns, lines);
    width = columns;
    height = lines;
  }

  /** Past the coefficients of a scan, to the marker behind them. */
  private int scan() throws IOException, UnusablePictureException {
    scans++;
    if (width == 0 || scans > MAX_SCANS) {
      throw UnusablePictureException.broken(
          width == 0
              ? "Has pixels before it says how many"
              : "Has more than " + MAX_SCANS + " scans: save it again");
    }
    while (true) {
      while (in.readUnsignedByte() != 0xff) {
        // coefficients
      }
      int marker = marker(0xff);
      // 0 stands for a coefficient of 0xff
      if (marker != 0 && !isRestart(marker)) {
        return marker;
      }
    }
  }

  /** Nothing that is wrong in here matters: the picture is shown as it lies then. */
  private void exif(ByteBuffer segment) {
    byte[] name = new byte[EXIF.length];
    if (segment.remaining() < name.length) {
      return;
    }
    segment.get(name);
    if (!Arrays.equals(name, EXIF)) {
      return;
    }
    try {
      ByteBuffer tiff = segment.slice();
      tiff.order(tiff.getShort(0) == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
      int directory = tiff.getInt(4);
      int entries = tiff.getShort(directory) & 0xffff;
      for (int i = 0; i < entries; i++) {
        int entry = directory + 2 + i * EXIF_ENTRY_BYTES;
        int value = tiff.getShort(entry + 8);
        if (tiff.getShort(entry) == ORIENTATION && value >= 1 && value <= 8) {
          orientation = value;
        }
      }
    } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
      // cut
    }
  }
}
