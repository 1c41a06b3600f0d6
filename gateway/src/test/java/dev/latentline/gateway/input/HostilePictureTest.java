package dev.latentline.gateway.input;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are made to be no picture, or too much of one. */
class HostilePictureTest {
  private static final byte[] PNG = TestPng.rgb(40, 30);
  private static final byte[] JPEG = TestJpeg.of(40, 30);
  private static final byte[] PROGRESSIVE = TestJpeg.of(TestJpeg.corner(40, 30), true);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>",
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><svg>&b;</svg>",
        "GIF89a and frames",
        "RIFF----WEBPVP8 ",
        "BM and a bitmap of sorts",
        "II*\0 and a directory",
        "%PDF-1.7 and so on",
        "<html><body>404</body></html>",
        "short",
        ""
      })
  void whatIsNeitherPngNorJpegIsNotTaken(String text) {
    assertUnusable(text.getBytes(US_ASCII), "unsupported_picture");
  }

  @Test
  void theSmallestGifIsNotTaken() {
    assertUnusable(
        Base64.getDecoder().decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
        "unsupported_picture");
  }

  @ParameterizedTest
  @CsvSource({
    "4097, 4096, too_many_pixels",
    "60000, 60000, too_many_pixels",
    "2147483647, 2147483647, too_many_pixels",
    "-1, -1, too_many_pixels",
    "15, 400, out_of_range",
    "400, 0, out_of_range",
  })
  void aPngOfOtherSidesIsRefusedByItsHeader(int width, int height, String code) {
    byte[] header = TestPng.header(width, height, 8, 2, 0);
    assertHeadUnusable(join(TestPng.SIGNATURE, header), code);
  }

  @ParameterizedTest
  @CsvSource({
    "65535, 65535, too_many_pixels",
    "4097, 4096, too_many_pixels",
    "15, 100, out_of_range",
    "100, 0, out_of_range",
  })
  void aJpegOfOtherSidesIsRefusedByItsHeader(int width, int height, String code) {
    byte[] jpeg = JPEG.clone();
    int frame = TestJpeg.indexOf(jpeg, 0xc0);
    ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) height).putShort(frame + 7, (short) width);
    assertHeadUnusable(jpeg, code);
  }

  @Test
  void aPngThatInflatesToMoreThanItsPixelsIsReadNoFurther() throws Exception {
    byte[] bomb = TestPng.deflate(new byte[50_000_000]);
    byte[] file =
        join(
            TestPng.SIGNATURE,
            TestPng.header(16, 16, 8, 2, 0),
            TestPng.chunk("zTXt", join("a\0\0".getBytes(US_ASCII), bomb)),
            TestPng.chunk("iCCP", join("a\0\0".getBytes(US_ASCII), bomb)),
            TestPng.chunk("IDAT", bomb),
            TestPng.chunk("IEND", new byte[0]));
    assertThat(PictureReadingTest.read(file).rgb()).hasSize(3 * 16 * 16).containsOnly(0);
  }

  @Test
  void aPngOfManyEmptyChunksIsRead() throws Exception {
    ByteArrayOutputStream many = new ByteArrayOutputStream();
    byte[] empty = TestPng.chunk("IDAT", new byte[0]);
    for (int i = 0; i < 800_000; i++) {
      many.writeBytes(empty);
    }
    byte[] file = new TestPng(16, 16, 8, 0).write(false, (x, y, c) -> x, many.toByteArray());
    assertThat(PictureReadingTest.read(file).rgb()).startsWith(0, 0, 0, 1, 1, 1);
  }

  @ParameterizedTest
  @CsvSource({
    "3, 2, 0",
    "8, 1, 0",
    "8, 5, 0",
    "4, 2, 0",
    "16, 3, 0",
    "0, 0, 0",
    "8, 2, 2",
    "-128, 2, 0"
  })
  void aPngOfAKindThatThereIsNoneOfIsBroken(int depth, int colourType, int interlace) {
    byte[] header = TestPng.header(40, 30, depth, colourType, interlace);
    assertHeadUnusable(join(TestPng.SIGNATURE, header), "broken_picture");
  }

  @Test
  void aPngWithoutAPaletteOrWithTooLittleOfOneIsBroken() {
    TestPng indexed = new TestPng(16, 16, 8, 3);
    byte[] two = TestPng.chunk("PLTE", new byte[6]);
    assertUnusable(indexed.write(false, (x, y, c) -> x, new byte[0]), "broken_picture");
    assertUnusable(indexed.write(false, (x, y, c) -> x, two), "broken_picture");
    byte[] large = TestPng.chunk("PLTE", new byte[3 * 257]);
    assertUnusable(indexed.write(false, (x, y, c) -> x, large), "broken_picture");
    byte[] odd = TestPng.chunk("PLTE", new byte[7]);
    assertUnusable(indexed.write(false, (x, y, c) -> 0, odd), "broken_picture");
  }

  @Test
  void aPngThatNeedsMoreThanIsKnownIsBroken() {
    byte[] unknown = TestPng.chunk("CgBI", new byte[4]);
    assertUnusable(
        new TestPng(16, 16, 8, 0).write(false, (x, y, c) -> 0, unknown), "broken_picture");
    assertUnusable(
        join(
            TestPng.SIGNATURE, TestPng.header(16, 16, 8, 0, 0), TestPng.chunk("IEND", new byte[0])),
        "broken_picture");
  }

  @Test
  void aJpegOfManyScansIsRefusedBeforeItIsDecoded() {
    int scan = TestJpeg.indexOf(PROGRESSIVE, 0xda);
    ByteArrayOutputStream many = new ByteArrayOutputStream();
    many.write(PROGRESSIVE, 0, scan);
    for (int i = 0; i < 100_000; i++) {
      many.writeBytes(new byte[] {(byte) 0xff, (byte) 0xda, 0, 8, 1, 1, 0, 1, 1, 0, 0});
    }
    many.write(PROGRESSIVE, scan, PROGRESSIVE.length - scan);
    assertHeadUnusable(many.toByteArray(), "broken_picture");
  }

  @ParameterizedTest
  @ValueSource(ints = {0xc3, 0xc5, 0xc9, 0xca, 0xcf})
  void aJpegOfAnotherProcessIsNotTaken(int frame) {
    byte[] jpeg = JPEG.clone();
    jpeg[TestJpeg.indexOf(jpeg, 0xc0) + 1] = (byte) frame;
    assertHeadUnusable(jpeg, "unsupported_picture");
  }

  @Test
  void aJpegOfFourColoursOrOfTwelveBitsIsNotTaken() {
    int frame = TestJpeg.indexOf(JPEG, 0xc0);
    byte[] colours = JPEG.clone();
    colours[frame + 9] = 4;
    assertHeadUnusable(colours, "unsupported_picture");
    byte[] bits = JPEG.clone();
    bits[frame + 4] = 12;
    assertHeadUnusable(bits, "unsupported_picture");
  }

  @Test
  void whatEndsTooSoonIsRefusedWhereverItEnds() {
    for (byte[] file : new byte[][] {PNG, JPEG, PROGRESSIVE}) {
      for (int length = 8; length < file.length; length++) {
        assertUnusable(Arrays.copyOf(file, length), "broken_picture");
      }
    }
  }

  @Test
  void aFlippedByteOfAPngIsNoticed() {
    Random random = new Random(5);
    for (int i = 8; i < PNG.length; i++) {
      byte[] flipped = PNG.clone();
      flipped[i] ^= (byte) (1 << random.nextInt(8));
      assertThatThrownBy(() -> PictureReadingTest.read(flipped))
          .as("byte %d", i)
          .isInstanceOf(UnusablePictureException.class);
    }
  }

  @Test
  void whateverIsFlippedOrCutOrPutInIsAPictureOrRefused() {
    Random random = new Random(7);
    int pictures = 0;
    int refused = 0;
    for (int i = 0; i < 3_000; i++) {
      byte[] file = new byte[][] {PNG, JPEG, PROGRESSIVE}[i % 3].clone();
      int changes = 1 + random.nextInt(4);
      for (int change = 0; change < changes; change++) {
        int at = random.nextInt(file.length);
        switch (random.nextInt(3)) {
          case 0 -> file[at] ^= (byte) (1 << random.nextInt(8));
          case 1 -> file[at] = (byte) random.nextInt(256);
          default -> System.arraycopy(file, 0, file, at, random.nextInt(file.length - at));
        }
      }
      try {
        RgbPicture picture = PictureReadingTest.read(file);
        assertThat(picture.rgb()).hasSize(3 * picture.width() * picture.height());
        pictures++;
      } catch (UnusablePictureException e) {
        assertThat(e).hasMessageMatching("[A-Z].*");
        refused++;
      } catch (IOException e) {
        throw new AssertionError("change " + i, e);
      }
    }
    assertThat(pictures).isPositive();
    assertThat(refused).isPositive();
  }

  private static void assertUnusable(byte[] file, String code) {
    assertThatThrownBy(() -> PictureReadingTest.read(file))
        .isInstanceOfSatisfying(
            UnusablePictureException.class, e -> assertThat(e.error().code()).isEqualTo(code));
  }

  /** Nothing is decoded to know it. */
  private static void assertHeadUnusable(byte[] file, String code) {
    assertThatThrownBy(() -> PictureHead.of(PictureReadingTest.file(file)))
        .isInstanceOfSatisfying(
            UnusablePictureException.class, e -> assertThat(e.error().code()).isEqualTo(code));
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
