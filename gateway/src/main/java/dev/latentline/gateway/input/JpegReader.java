package dev.latentline.gateway.input;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.io.InputStream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes JPEG files with the platform's decoder into 8-bit RGB, upright. Where the file has a
 * colour profile that the platform understands, colours become sRGB's.
 */
final class JpegReader {
  private JpegReader() {}

  static RgbPicture read(InputStream in, PictureHead head)
      throws IOException, UnusablePictureException {
    BufferedImage image;
    ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
    try (MemoryCacheImageInputStream stream = new MemoryCacheImageInputStream(in)) {
      reader.setInput(stream, true, true);
      image = reader.read(0);
    } catch (IOException | RuntimeException e) {
      // what the decoder, or the one of colour profiles, makes of broken files; some of it
      // unchecked
      throw UnusablePictureException.broken("Cannot be decoded");
    } finally {
      reader.dispose();
    }
    if (image.getWidth() != head.width() || image.getHeight() != head.height()) {
      throw UnusablePictureException.broken("Has other sides than it says");
    }
    return upright(image.getRaster(), head);
  }

  /** The samples as they are: a colour model would make grey ones lighter. */
  private static RgbPicture upright(Raster raster, PictureHead head) {
    Turn turn = new Turn(head.orientation(), head.width(), head.height());
    int bands = raster.getNumBands();
    byte[] rgb = new byte[RgbPicture.CHANNELS * head.width() * head.height()];
    byte[] row = new byte[bands * head.width()];
    for (int y = 0; y < head.height(); y++) {
      raster.getDataElements(0, y, head.width(), 1, row);
      for (int x = 0; x < head.width(); x++) {
        int to = RgbPicture.CHANNELS * turn.to(x, y);
        int from = bands * x;
        rgb[to] = row[from];
        rgb[to + 1] = row[bands == 1 ? from : from + 1];
        rgb[to + 2] = row[bands == 1 ? from : from + 2];
      }
    }
    return new RgbPicture(turn.width(), turn.height(), rgb);
  }

  /**
   * Where pixels go for a picture to be upright.
   *
   * @param orientation of Exif: 1 is upright, 2 mirrored, 3 upside down, 6 turned to the left
   * @param columns before
   * @param rows before
   */
  record Turn(int orientation, int columns, int rows) {
    private boolean swapsSides() {
      return orientation >= 5;
    }

    int width() {
      return swapsSides() ? rows : columns;
    }

    int height() {
      return swapsSides() ? columns : rows;
    }

    /** The index of the pixel. */
    int to(int x, int y) {
      int right = columns - 1 - x;
      int up = rows - 1 - y;
      return switch (orientation) {
        case 2 -> y * columns + right;
        case 3 -> up * columns + right;
        case 4 -> up * columns + x;
        case 5 -> x * rows + y;
        case 6 -> x * rows + up;
        case 7 -> right * rows + up;
        case 8 -> right * rows + y;
        default -> y * columns + x;
      };
    }
  }
}
