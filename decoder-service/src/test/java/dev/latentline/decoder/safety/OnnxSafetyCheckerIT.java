package dev.latentline.decoder.safety;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.latentline.decoder.Apple;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.testkit.Patience;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With the checker that ships, and harmless pictures only. */
@Timeout(Patience.TEST_SECONDS)
class OnnxSafetyCheckerIT {
  private static OnnxSafetyChecker checker;

  @BeforeAll
  static void open() {
    checker =
        new OnnxSafetyChecker(
            Catalogue.open(Apple.catalogueFolder()).safetyChecker().orElseThrow(),
            SessionSettings.cpu(1));
  }

  @AfterAll
  static void close() {
    checker.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"apple", "castle", "cat", "fox", "lion", "owl", "panda", "rocket"})
  void thePicturesOfTheReadmeAreHarmless(String name) throws IOException {
    Map<String, Float> scores = checker.scores(Apple.picture(name), new RunStop());

    assertThat(scores).containsOnlyKeys("drawing", "hentai", "neutral", "porn", "sexy");
    assertThat(scores.get("hentai") + scores.get("porn")).isLessThan(0.05f);
    assertThat(scores.values().stream().mapToDouble(Float::doubleValue).sum())
        .isCloseTo(1, within(1e-5));
  }

  @Test
  void itTellsWhatTheOriginalTells() throws IOException {
    // nsfwjs 4.4.0's own classify() of the same file, see models/convert
    Map<String, Float> original =
        Map.of(
            "drawing", 0.008103f,
            "hentai", 0.000761f,
            "neutral", 0.986356f,
            "porn", 0.004578f,
            "sexy", 0.000203f);

    Map<String, Float> scores = checker.scores(Apple.castle(), new RunStop());

    original.forEach((name, score) -> assertThat(scores.get(name)).isCloseTo(score, within(1e-4f)));
  }

  @Test
  void cornersStayCornersWhenAPictureIsResized() {
    Pixels pixels =
        new Pixels(2, 2, new byte[] {0, 0, 0, (byte) 255, 0, 0, 0, (byte) 255, 0, 0, 0, 0});

    FloatTensor resized = OnnxSafetyChecker.resized(pixels, 3);

    assertThat(resized.shape()).containsExactly(1, 3, 3, 3);
    assertThat(resized.data())
        .startsWith(0, 0.5f, 1, 0, 0.25f, 0.5f, 0, 0, 0)
        .endsWith(0, 0, 0, 0, 0, 0, 0, 0, 0);
  }
}
