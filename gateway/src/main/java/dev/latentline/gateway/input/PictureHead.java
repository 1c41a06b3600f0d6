package dev.latentline.gateway.input;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/**
 * What a picture's file says before anything is decoded.
 *
 * @param width as the file has it, before it is turned upright
 * @param orientation of Exif (CIPA DC-008, tag 274), 1 to 8
 * @param scans in which a JPEG file sends its coefficients; 1 of others
 */
record PictureHead(Format format, int width, int height, int orientation, int scans) {

  /** What is taken. */
  enum Format {
    PNG,
    JPEG
  }

  /** Of a file by its first bytes, whatever it is called. */
  static PictureHead of(PictureFile file) throws IOException, UnusablePictureException {
    try (InputStream in = file.open()) {
      long first = new DataInputStream(in).readLong();
      Format format =
          first == PngReader.SIGNATURE
              ? Format.PNG
              : first >>> 40 == JpegHead.SIGNATURE ? Format.JPEG : null;
      if (format == null) {
        throw UnusablePictureException.unsupported("Is neither a PNG nor a JPEG file");
      }
      return of(file, format);
    } catch (EOFException e) {
      throw UnusablePictureException.unsupported("Is too short for a picture");
    }
  }

  private static PictureHead of(PictureFile file, Format format)
      throws IOException, UnusablePictureException {
    try (InputStream in = file.open()) {
      return format == Format.PNG ? PngReader.head(in) : JpegHead.read(in);
    } catch (EOFException e) {
      throw UnusablePictureException.broken("Ends before the picture does");
    }
  }
}
