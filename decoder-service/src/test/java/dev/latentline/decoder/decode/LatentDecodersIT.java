package dev.latentline.decoder.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Sha256;
import dev.latentline.decoder.Apple;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelFile;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.testkit.Patience;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Decodes with the starter's real autoencoder. */
@Timeout(Patience.TEST_SECONDS)
class LatentDecodersIT {
  private static LatentDecoders decoders;

  @BeforeAll
  static void open() {
    decoders = open(16_384);
  }

  private static LatentDecoders open(int wholeLatents) {
    return new LatentDecoders(
        Catalogue.open(Apple.catalogueFolder()),
        SessionSettings.cpu(1),
        Long.MAX_VALUE,
        wholeLatents,
        8);
  }

  @AfterAll
  static void close() {
    decoders.close();
  }

  @Test
  void theAppleIsRedOnWhite() {
    Pixels pixels = decode(Apple.request().build(), Apple.latents());

    assertThat(pixels.width()).isEqualTo(128);
    assertThat(pixels.height()).isEqualTo(128);
    for (int corner : new int[] {0, 127, 127 * 128, 128 * 128 - 1}) {
      assertThat(pixels.rgb()[3 * corner] & 0xff).isGreaterThan(230);
      assertThat(pixels.rgb()[3 * corner + 1] & 0xff).isGreaterThan(230);
      assertThat(pixels.rgb()[3 * corner + 2] & 0xff).isGreaterThan(230);
    }
    int middle = 3 * (70 * 128 + 64);
    assertThat(pixels.rgb()[middle] & 0xff).isGreaterThan(200);
    assertThat(pixels.rgb()[middle + 1] & 0xff).isLessThan(100);
    assertThat(pixels.rgb()[middle + 2] & 0xff).isLessThan(100);
  }

  @Test
  void theSameLatentsGiveTheSamePixels() {
    assertThat(decode(Apple.request().build(), Apple.latents()).sha256())
        .isEqualTo(decode(Apple.request().build(), Apple.latents()).sha256());
  }

  @Test
  void inTilesTheAppleLooksTheSame() {
    byte[] whole = decode(Apple.request().build(), Apple.latents()).rgb();
    byte[] tiled;
    AtomicInteger told = new AtomicInteger();
    try (LatentDecoders inTiles = open(15 * 15)) {
      RunStop stop = new RunStop(told::incrementAndGet);
      tiled = inTiles.decode(Apple.request().build(), Apple.latents(), stop).rgb();
    }

    assertThat(told).as("before and after each tile that it goes on").hasValue(2 * 9);
    double squares = 0;
    for (int i = 0; i < whole.length; i++) {
      int difference = Math.abs((whole[i] & 0xff) - (tiled[i] & 0xff));
      squares += difference * difference;
    }
    // 49.6 dB, and 64 dB in tiles of 12
    double psnr = 10 * Math.log10(255 * 255 / (squares / whole.length));
    assertThat(psnr).isGreaterThan(45);
  }

  @Test
  void latentsThatAreNotOfTheRequestAreRejected() {
    FloatTensor apple = Apple.latents();
    float[] broken = apple.data().clone();
    broken[5] = Float.NaN;

    assertRejected(Apple.request().setWidth(64).build(), apple, "invalid_tensor");
    assertRejected(Apple.request().setWidth(65).build(), apple, "unsupported_request");
    assertRejected(
        Apple.request().build(), new FloatTensor(apple.shape(), broken), "invalid_tensor");
    GenerationRequest.Builder other = Apple.request();
    other.getModelBuilder().setDigest("sha256:00");
    assertRejected(other.build(), apple, "model_unavailable");
  }

  @Test
  void modelsWithTheSameDecoderShareIt(@TempDir Path folder) throws IOException {
    copyStarter(folder, "one");
    copyStarter(folder, "same");
    copyStarter(
        folder, "other", 0x32, 1, 'x'); // ONNX's doc_string: another file that computes the same
    Files.writeString(folder.resolve("pools.yaml"), "default: [one, same, other]");
    Catalogue catalogue = Catalogue.open(folder);

    try (LatentDecoders three =
        new LatentDecoders(catalogue, SessionSettings.cpu(1), Long.MAX_VALUE, 1024, 8)) {
      assertThat(three.size()).isEqualTo(3);
      assertThat(three.loaded()).isEqualTo(2);
      Set<String> pictures = new HashSet<>();
      for (ModelCard model : catalogue.models()) {
        GenerationRequest.Builder request = Apple.request();
        request.getModelBuilder().setName(model.name()).setDigest(model.digest());
        pictures.add(three.decode(request.build(), Apple.latents(), new RunStop()).sha256());
      }
      assertThat(pictures).hasSize(1);
    }
  }

  private static void copyStarter(Path catalogue, String name, int... appended) throws IOException {
    ModelCard starter = Catalogue.open(Apple.catalogueFolder()).find("starter").orElseThrow();
    ModelFile decoder = starter.files().get(starter.vae().decoder());
    Path copy = catalogue.resolve(name);
    for (String file : List.of(decoder.path(), "scheduler/scheduler_config.json")) {
      Files.createDirectories(copy.resolve(file).getParent());
      Files.copy(starter.file(file), copy.resolve(file));
    }
    try (OutputStream out =
        Files.newOutputStream(copy.resolve(decoder.path()), StandardOpenOption.APPEND)) {
      for (int value : appended) {
        out.write(value);
      }
    }
    String manifest = Files.readString(starter.folder().resolve("manifest.json"));
    Files.writeString(
        copy.resolve("manifest.json"),
        manifest
            .replace("\"name\": \"starter\"", "\"name\": \"" + name + "\"")
            .replace(
                "\"size\": " + decoder.sizeBytes(),
                "\"size\": " + Files.size(copy.resolve(decoder.path())))
            .replace(
                decoder.sha256(), Sha256.hex(Files.readAllBytes(copy.resolve(decoder.path())))));
  }

  private static void assertRejected(GenerationRequest request, FloatTensor latents, String code) {
    assertThatThrownBy(() -> decode(request, latents))
        .isInstanceOfSatisfying(Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private static Pixels decode(GenerationRequest request, FloatTensor latents) {
    return decoders.decode(request, latents, new RunStop());
  }
}
