package dev.latentline.encoder.picture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against what Pillow and OpenCV make of the same picture (parity/golden_pictures.py). */
class GoldenPicturesTest {
  private static final Path GOLDEN =
      Path.of(System.getProperty("latentline.home")).resolve("parity/golden/pictures");

  @ParameterizedTest
  @ValueSource(strings = {"97x71", "97x40", "30x71", "256x192", "64x64", "13x200", "8x8"})
  void isResizedBitForBitAsPillowDoes(String size) throws IOException {
    Rgb wanted = read("resized-" + size + ".png");

    Rgb resized = Lanczos.resize(read("source.png"), wanted.width(), wanted.height());

    assertThat(resized.data()).isEqualTo(wanted.data());
  }

  @ParameterizedTest
  @ValueSource(strings = {"97x71", "97x40", "30x71", "256x192", "64x64", "13x200", "8x8"})
  void hasTheEdgesThatOpenCvFinds(String size) throws IOException {
    assertThat(Canny.edges(read("resized-" + size + ".png")).data())
        .isEqualTo(read("edges-" + size + ".png").data());
  }

  private static Rgb read(String file) throws IOException {
    return InputPictures.decoded(Files.readAllBytes(GOLDEN.resolve(file)));
  }
}
