package dev.latentline.gateway.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures become upright RGB of 8 bits. */
class PictureReadingTest {
  @ParameterizedTest
  @CsvSource({
    "1, 0", "2, 0", "4, 0", "8, 0", "16, 0", "8, 2", "16, 2", "1, 3", "2, 3", "4, 3", "8, 3",
    "8, 4", "16, 4", "8, 6", "16, 6"
  })
  void everyKindOfPngIsRead(int depth, int colourType) throws Exception {
    TestPng png = new TestPng(37, 23, depth, colourType);
    int most = (1 << depth) - 1;
    TestPng.Samples samples = (x, y, channel) -> TestPng.wave(x, y, channel) * 257 & most;
    byte[] palette = colourType == 3 ? palette(most + 1) : new byte[0];

    for (boolean interlaced : new boolean[] {false, true}) {
      RgbPicture read = read(png.write(interlaced, samples, palette));

      assertThat(read.width()).isEqualTo(37);
      assertThat(read.height()).isEqualTo(23);
      for (int y = 0; y < 23; y++) {
        for (int x = 0; x < 37; x++) {
          for (int channel = 0; channel < 3; channel++) {
            int shown = read.rgb()[3 * (37 * y + x) + channel] & 0xff;
            assertThat((double) shown)
                .as("%d, %d, %d", x, y, channel)
                .isCloseTo(expected(png, samples, x, y, channel), within(0.51));
          }
        }
      }
    }
  }

  /** 0 to 255, over white. */
  private static double expected(TestPng png, TestPng.Samples samples, int x, int y, int channel) {
    if (png.colourType == 3) {
      return palette((1 << png.depth))[8 + 3 * samples.at(x, y, 0) + channel] & 0xff;
    }
    double most = (1 << png.depth) - 1;
    int colours = png.colourType == 0 || png.colourType == 4 ? 1 : 3;
    double value = samples.at(x, y, Math.min(channel, colours - 1)) / most;
    double alpha = png.channels > colours ? samples.at(x, y, colours) / most : 1;
    // each was rounded to 8 bits before they met
    return png.channels > colours && png.depth == 16
        ? Math.rint(value * 255) * Math.rint(alpha * 255) / 255 + 255 - Math.rint(alpha * 255)
        : 255 * (value * alpha + 1 - alpha);
  }

  private static byte[] palette(int colours) {
    byte[] data = new byte[3 * colours];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) (i * 11 + 5);
    }
    return TestPng.chunk("PLTE", data);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPngIsReadAsThePlatformReadsIt(boolean interlaced) throws Exception {
    byte[] png = new TestPng(61, 19, 8, 2).write(interlaced, TestPng::wave, new byte[0]);
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));

    assertThat(pixels(read(png))).isEqualTo(image.getRGB(0, 0, 61, 19, null, 0, 61));
  }

  @Test
  void theColourThatIsTransparentIsWhite() throws Exception {
    byte[] grey = TestPng.chunk("tRNS", new byte[] {0, 3});
    RgbPicture read = read(new TestPng(16, 16, 4, 0).write(false, (x, y, c) -> x, grey));
    assertThat(read.rgb()).startsWith(0, 0, 0, 17, 17, 17, 34, 34, 34, 255, 255, 255, 68, 68, 68);

    byte[] rgb = TestPng.chunk("tRNS", new byte[] {0, 1, 0, 2, 0, 3});
    read = read(new TestPng(16, 16, 8, 2).write(false, (x, y, c) -> x + c, rgb));
    assertThat(read.rgb()).startsWith(0, 1, 2, 255, 255, 255, 2, 3, 4);
  }

  @Test
  void aPaletteIsLaidOverWhite() throws Exception {
    byte[] colours = TestPng.chunk("PLTE", new byte[] {0, 0, 0, 0, 0, 0, 10, 20, 30});
    byte[] alphas = TestPng.chunk("tRNS", new byte[] {(byte) 128, 0});
    byte[] before = new byte[colours.length + alphas.length];
    System.arraycopy(colours, 0, before, 0, colours.length);
    System.arraycopy(alphas, 0, before, colours.length, alphas.length);

    RgbPicture read = read(new TestPng(16, 16, 2, 3).write(false, (x, y, c) -> x % 3, before));

    assertThat(read.rgb()).startsWith(127, 127, 127, 255, 255, 255, 10, 20, 30);
  }

  @Test
  void whatIsStoredIsTheSamePicture() throws Exception {
    RgbPicture picture = read(TestPng.rgb(40, 30));
    byte[] png = PlainPng.of(picture);

    assertThat(read(png)).usingRecursiveComparison().isEqualTo(picture);
    assertThat(new String(png, 12, 4, StandardCharsets.US_ASCII)).isEqualTo("IHDR");
    assertThat(new String(png, 37, 4, StandardCharsets.US_ASCII))
        .as("nothing stands before the pixels")
        .isEqualTo("IDAT");
    assertThat(PlainPng.of(picture)).isEqualTo(png);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aJpegIsReadAsThePlatformReadsIt(boolean progressive) throws Exception {
    byte[] jpeg = TestJpeg.of(TestJpeg.corner(53, 29), progressive);
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(jpeg));

    assertThat(PictureHead.of(file(jpeg)).scans() > 1).isEqualTo(progressive);
    assertThat(pixels(read(jpeg))).isEqualTo(image.getRGB(0, 0, 53, 29, null, 0, 53));
  }

  @Test
  void aGreyJpegStaysAsDarkAsItIs() throws Exception {
    BufferedImage grey = new BufferedImage(32, 24, BufferedImage.TYPE_BYTE_GRAY);
    grey.getRaster().setPixels(0, 0, 32, 24, new int[32 * 24]);
    for (int i = 0; i < 32; i++) {
      for (int y = 0; y < 24; y++) {
        grey.getRaster().setSample(i, y, 0, 100);
      }
    }
    RgbPicture read = read(TestJpeg.of(grey, false));
    assertThat(read.rgb()).startsWith(100, 100, 100, 100).hasSize(3 * 32 * 24);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 64, 32, 0",
    "2, 64, 32, 1",
    "3, 64, 32, 3",
    "4, 64, 32, 2",
    "5, 32, 64, 0",
    "6, 32, 64, 1",
    "7, 32, 64, 3",
    "8, 32, 64, 2",
  })
  void aJpegIsTurnedUpright(int orientation, int width, int height, int greenCorner)
      throws Exception {
    for (ByteOrder order : new ByteOrder[] {ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN}) {
      byte[] jpeg = TestJpeg.with(TestJpeg.of(64, 32), 0xe1, TestJpeg.exif(orientation, order));

      RgbPicture read = read(jpeg);

      assertThat(read.width()).isEqualTo(width);
      assertThat(read.height()).isEqualTo(height);
      for (int corner = 0; corner < 4; corner++) {
        int x = corner % 2 == 0 ? 4 : width - 5;
        int y = corner < 2 ? 4 : height - 5;
        int green = read.rgb()[3 * (y * width + x) + 1] & 0xff;
        assertThat(green > 128).as("corner %d", corner).isEqualTo(corner == greenCorner);
      }
    }
  }

  @Test
  void pixelsAreMovedAsTheirCornersAre() {
    for (int orientation = 1; orientation <= 8; orientation++) {
      JpegReader.Turn turn = new JpegReader.Turn(orientation, 5, 3);
      boolean[] taken = new boolean[15];
      for (int i = 0; i < 15; i++) {
        taken[turn.to(i % 5, i / 5)] = true;
      }
      assertThat(taken).doesNotContain(false);
    }
  }

  @Test
  void coloursOfAnotherSpaceBecomeThoseOfSrgb() throws Exception {
    BufferedImage image = new BufferedImage(32, 32, BufferedImage.TYPE_3BYTE_BGR);
    image.setRGB(
        0,
        0,
        32,
        32,
        Collections.nCopies(1024, 0x808080).stream().mapToInt(Integer::intValue).toArray(),
        0,
        32);
    byte[] linear = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
    byte[] jpeg = TestJpeg.with(TestJpeg.of(image, false), 0xe2, TestJpeg.profile(linear));

    // IEC 61966-2-1 of 128 / 255
    assertThat((double) (read(jpeg).rgb()[0] & 0xff)).isCloseTo(188, within(1.0));
  }

  @Test
  void aProfileThatIsNoneIsLeftOut() throws Exception {
    byte[] jpeg = TestJpeg.of(32, 32);

    RgbPicture read = read(TestJpeg.with(jpeg, 0xe2, TestJpeg.profile(new byte[300])));

    assertThat(read.rgb()).isEqualTo(read(jpeg).rgb());
  }

  private static int[] pixels(RgbPicture picture) {
    int[] pixels = new int[picture.rgb().length / 3];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] =
          0xff000000
              | (picture.rgb()[3 * i] & 0xff) << 16
              | (picture.rgb()[3 * i + 1] & 0xff) << 8
              | picture.rgb()[3 * i + 2] & 0xff;
    }
    return pixels;
  }

  static RgbPicture read(byte[] bytes) throws IOException, UnusablePictureException {
    return Inputs.read(file(bytes), PictureHead.of(file(bytes)));
  }

  static PictureFile file(byte[] bytes) {
    return new PictureFile() {
      @Override
      public long size() {
        return bytes.length;
      }

      @Override
      public ByteArrayInputStream open() {
        return new ByteArrayInputStream(bytes);
      }
    };
  }
}
