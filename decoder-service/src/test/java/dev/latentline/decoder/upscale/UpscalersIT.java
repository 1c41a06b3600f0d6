package dev.latentline.decoder.upscale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.decoder.Apple;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.UpscalerCard;
import dev.latentline.inference.catalogue.UpscalerCard.Tiling;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With the upscaler that ships. */
@Timeout(Patience.TEST_SECONDS)
class UpscalersIT {
  private static final Catalogue CATALOGUE = Catalogue.open(Apple.catalogueFolder());
  private static final UpscalerCard CARD = CATALOGUE.upscaler(2).orElseThrow();
  private static Upscalers upscalers;

  @BeforeAll
  static void open() {
    upscalers = new Upscalers(CATALOGUE, SessionSettings.cpu(1));
  }

  @AfterAll
  static void close() {
    upscalers.close();
  }

  @Test
  void tilesOfTheRealNetworkLeaveNoSeam() throws IOException {
    Pixels castle = Apple.picture("castle");
    try (ModelSession session = ModelSession.open(CARD.graph(), SessionSettings.cpu(1))) {
      int reach = CARD.tiling().overlap();
      Tiles.Network network = pixels -> session.run(Map.of("pixels", pixels));

      Pixels whole = new Tiles(network, 2, new Tiling(reach, 128, 1)).upscale(castle);
      Pixels tiled = new Tiles(network, 2, new Tiling(reach, 41, 1)).upscale(castle);
      Pixels overlapless = new Tiles(network, 2, new Tiling(1, 41, 1)).upscale(castle);

      assertThat(largestDifference(tiled, whole)).isLessThanOrEqualTo(1);
      assertThat(largestDifference(overlapless, whole)).as("what overlap is for").isGreaterThan(10);
    }
  }

  @Test
  void aPictureKeepsItsContentAndIsTheSameEveryTime() throws IOException {
    Pixels cat = Apple.picture("cat");

    for (int factor : new int[] {2, 4}) {
      Pixels large = upscale(Apple.upscaled(factor), cat);

      assertThat(large.width()).isEqualTo(128 * factor);
      assertThat(large.height()).isEqualTo(128 * factor);
      assertThat(meanDifference(reduced(large, factor), cat)).isLessThan(1.5);
      assertThat(upscale(Apple.upscaled(factor), cat).sha256()).isEqualTo(large.sha256());
    }
  }

  @Test
  void itTellsThatItGoesOn() {
    AtomicInteger told = new AtomicInteger();
    Pixels wide = new Pixels(300, 8, new byte[3 * 300 * 8]);

    upscalers.upscale(Apple.upscaled(4), wide, new RunStop(told::incrementAndGet));

    assertThat(told)
        .as("before and after each tile, two of the first run, three of the second")
        .hasValue(2 * 5);
  }

  @Test
  void anySizeIsMadeLarger() {
    Pixels narrow = new Pixels(3, 301, new byte[3 * 3 * 301]);

    Pixels large = upscale(Apple.upscaled(4), narrow);

    assertThat(large.width()).isEqualTo(12);
    assertThat(large.height()).isEqualTo(1204);
  }

  @Test
  void withoutTheFieldItIsThePictureItself() throws IOException {
    Pixels cat = Apple.picture("cat");

    assertThat(upscale(Apple.request().build(), cat)).isSameAs(cat);
  }

  @Test
  void anUpscalerThatIsNotHereIsRejected() throws IOException {
    GenerationRequest.Builder other = Apple.upscaled(2).toBuilder();
    other.getUpscaleBuilder().getUpscalerBuilder().setDigest("sha256:00");
    Pixels cat = Apple.picture("cat");

    assertThatThrownBy(() -> upscale(other.build(), cat))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("upscaler_unavailable"));
  }

  @Test
  void importedOnesAreLoadedWhenAPictureNeedsThem(@TempDir Path folder) throws IOException {
    Path models = folder.resolve("models");
    for (String name : new String[] {"tiny-esrgan-x4", "tiny-esrgan-x2"}) {
      Path file =
          RandomCheckpoint.of("upscalers/" + name).write(folder.resolve(name + ".safetensors"));
      CheckpointImport.run(
          ImportOrder.of(file, name, RandomCheckpoint.allTemplates(), models), note -> {});
    }
    Catalogue catalogue = Catalogue.open(List.of(Apple.catalogueFolder(), models));
    assertThat(catalogue.upscaler(4)).as("where none is named").hasValue(CARD);
    Pixels wide = new Pixels(40, 21, new byte[3 * 40 * 21]);

    try (Upscalers all = new Upscalers(catalogue, SessionSettings.cpu(1))) {
      Pixels fourfold = upscale(all, catalogue, "tiny-esrgan-x4", 4, wide);
      Pixels twofold = upscale(all, catalogue, "tiny-esrgan-x2", 2, wide);
      Pixels twice = upscale(all, catalogue, "tiny-esrgan-x2", 4, wide);

      assertThat(List.of(fourfold.width(), fourfold.height())).containsExactly(160, 84);
      assertThat(List.of(twofold.width(), twofold.height())).containsExactly(80, 42);
      assertThat(List.of(twice.width(), twice.height())).containsExactly(160, 84);
      assertThat(upscale(all, catalogue, "tiny-esrgan-x4", 4, wide).sha256())
          .isEqualTo(fourfold.sha256())
          .isNotEqualTo(twice.sha256());
    }

    Path weights = catalogue.findUpscaler("tiny-esrgan-x4").orElseThrow().weights().orElseThrow();
    byte[] altered = Files.readAllBytes(weights);
    altered[altered.length - 1]++;
    Files.write(weights, altered);
    try (Upscalers all = new Upscalers(catalogue, SessionSettings.cpu(1))) {
      assertThatThrownBy(() -> upscale(all, catalogue, "tiny-esrgan-x4", 4, wide))
          .isInstanceOfSatisfying(
              Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("upscaler_unavailable"));
      assertThat(upscale(all, catalogue, "tiny-esrgan-x2", 2, wide).width()).isEqualTo(80);
    }
  }

  private static Pixels upscale(
      Upscalers all, Catalogue catalogue, String name, int factor, Pixels picture) {
    UpscalerCard card = catalogue.findUpscaler(name).orElseThrow();
    GenerationRequest.Builder request = Apple.request();
    request
        .getUpscaleBuilder()
        .setFactor(factor)
        .getUpscalerBuilder()
        .setName(card.name())
        .setDigest(card.digest());
    return all.upscale(request.build(), picture, new RunStop());
  }

  @Test
  void itEndsWhenItIsToldTo() throws IOException {
    Pixels cat = Apple.picture("cat");
    RunStop stop = new RunStop();
    stop.stop();

    assertThatThrownBy(() -> upscalers.upscale(Apple.upscaled(4), cat, stop))
        .isInstanceOf(RunStoppedException.class);
  }

  private static Pixels upscale(GenerationRequest request, Pixels picture) {
    return upscalers.upscale(request, picture, new RunStop());
  }

  private static Pixels reduced(Pixels picture, int factor) {
    int width = picture.width() / factor;
    int height = picture.height() / factor;
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < rgb.length; i++) {
      int x = i / 3 % width * factor;
      int y = i / 3 / width * factor;
      int sum = 0;
      for (int j = 0; j < factor * factor; j++) {
        int at = (y + j / factor) * picture.width() + x + j % factor;
        sum += picture.rgb()[3 * at + i % 3] & 0xff;
      }
      rgb[i] = (byte) (sum / (factor * factor));
    }
    return new Pixels(width, height, rgb);
  }

  private static int largestDifference(Pixels a, Pixels b) {
    int largest = 0;
    for (int i = 0; i < a.rgb().length; i++) {
      largest = Math.max(largest, Math.abs((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff)));
    }
    return largest;
  }

  private static double meanDifference(Pixels a, Pixels b) {
    long sum = 0;
    for (int i = 0; i < a.rgb().length; i++) {
      sum += Math.abs((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff));
    }
    return (double) sum / a.rgb().length;
  }
}
