package dev.latentline.gateway.input;

import java.nio.ByteBuffer;

/**
 * The chunk IHDR.
 *
 * @param depth bits of a sample
 */
record PngHeader(int width, int height, int depth, ColourType colour, boolean interlaced) {
  static final int BYTES = 13;

  /** What a pixel's samples are, by the order of the file's numbers. */
  enum ColourType {
    GREY(0, 1, 1, 16),
    RGB(2, 3, 8, 16),
    PALETTE(3, 1, 1, 8),
    GREY_ALPHA(4, 2, 8, 16),
    RGB_ALPHA(6, 4, 8, 16);

    private final int number;
    private final int samples;
    private final int minDepth;
    private final int maxDepth;

    ColourType(int number, int samples, int minDepth, int maxDepth) {
      this.number = number;
      this.samples = samples;
      this.minDepth = minDepth;
      this.maxDepth = maxDepth;
    }

    int samples() {
      return samples;
    }
  }

  static PngHeader of(ByteBuffer data) throws UnusablePictureException {
    long width = data.getInt() & 0xffff_ffffL;
    long height = data.getInt() & 0xffff_ffffL;
    int depth = data.get();
    int number = data.get();
    UnusablePictureException.checkSize(width, height);
    boolean known = data.get() == 0 && data.get() == 0;
    int interlace = data.get();
    for (ColourType colour : ColourType.values()) {
      boolean fits =
          colour.number == number
              && depth >= colour.minDepth
              && depth <= colour.maxDepth
              && Integer.bitCount(depth) == 1;
      if (fits && known && (interlace == 0 || interlace == 1)) {
        return new PngHeader((int) width, (int) height, depth, colour, interlace == 1);
      }
    }
    throw UnusablePictureException.broken("Is a PNG file of a kind that there is none of");
  }

  int bitsPerPixel() {
    return depth * colour.samples();
  }
}
