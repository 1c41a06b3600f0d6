package dev.latentline.decoder.png;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.decoder.pixels.Pixels;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

class PngWriterTest {
  @ParameterizedTest
  @CsvSource({"1, 1", "1, 7", "7, 1", "64, 64", "129, 33", "256, 128"})
  void javaReadsBackEveryPixel(int width, int height) throws IOException {
    Pixels smooth = gradient(width, height);
    Pixels noise = noise(width, height);

    for (Pixels pixels : new Pixels[] {smooth, noise}) {
      BufferedImage read =
          ImageIO.read(new ByteArrayInputStream(PngWriter.write(pixels, Map.of())));
      assertThat(read.getWidth()).isEqualTo(width);
      assertThat(read.getHeight()).isEqualTo(height);
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          int at = 3 * (y * width + x);
          int expected =
              (pixels.rgb()[at] & 0xff) << 16
                  | (pixels.rgb()[at + 1] & 0xff) << 8
                  | pixels.rgb()[at + 2] & 0xff;
          assertThat(read.getRGB(x, y) & 0xffffff).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void textsOfLatin1AreTExt() throws IOException {
    byte[] file = PngWriter.write(gradient(8, 8), Map.of("parameters", "crème brûlée\nSteps: 25"));

    assertThat(texts(file, "tEXt", "tEXtEntry", "value"))
        .containsExactly(Map.entry("parameters", "crème brûlée\nSteps: 25"));
    assertThat(new String(file, StandardCharsets.ISO_8859_1)).doesNotContain("iTXt");
  }

  @Test
  void otherTextsAreITXt() throws IOException {
    byte[] file = PngWriter.write(gradient(8, 8), Map.of("parameters", "りんご 🍎\nSteps: 25"));

    assertThat(texts(file, "iTXt", "iTXtEntry", "text"))
        .containsExactly(Map.entry("parameters", "りんご 🍎\nSteps: 25"));
    assertThat(new String(file, StandardCharsets.ISO_8859_1)).doesNotContain("tEXt");
  }

  @Test
  void aZeroByteDoesNotEndATextEarly() throws IOException {
    byte[] file = PngWriter.write(gradient(8, 8), Map.of("parameters", "a\0b"));

    assertThat(texts(file, "tEXt", "tEXtEntry", "value")).containsEntry("parameters", "ab");
  }

  @Test
  void theSamePictureGivesTheSameBytes() {
    assertThat(PngWriter.write(noise(64, 64), Map.of("parameters", "a")))
        .isEqualTo(PngWriter.write(noise(64, 64), Map.of("parameters", "a")));
  }

  @Test
  void rowsAreFilteredSoThatGradientsAreSmall() {
    assertThat(PngWriter.write(gradient(256, 256), Map.of())).hasSizeLessThan(256 * 256 * 3 / 50);
  }

  private static Map<String, String> texts(byte[] file, String chunk, String entry, String value)
      throws IOException {
    ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
    try (ImageInputStream in = ImageIO.createImageInputStream(new ByteArrayInputStream(file))) {
      reader.setInput(in);
      Map<String, String> texts = new TreeMap<>();
      Node root = reader.getImageMetadata(0).getAsTree("javax_imageio_png_1.0");
      NodeList chunks = root.getChildNodes();
      for (int i = 0; i < chunks.getLength(); i++) {
        if (chunks.item(i).getNodeName().equals(chunk)) {
          NodeList entries = chunks.item(i).getChildNodes();
          for (int j = 0; j < entries.getLength(); j++) {
            Node found = entries.item(j);
            assertThat(found.getNodeName()).isEqualTo(entry);
            texts.put(
                found.getAttributes().getNamedItem("keyword").getNodeValue(),
                found.getAttributes().getNamedItem(value).getNodeValue());
          }
        }
      }
      return texts;
    } finally {
      reader.dispose();
    }
  }

  private static Pixels gradient(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int at = 3 * (y * width + x);
        rgb[at] = (byte) x;
        rgb[at + 1] = (byte) y;
        rgb[at + 2] = (byte) (x + y);
      }
    }
    return new Pixels(width, height, rgb);
  }

  private static Pixels noise(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(7).nextBytes(rgb);
    return new Pixels(width, height, rgb);
  }
}
