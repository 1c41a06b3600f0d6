package dev.latentline.decoder.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.decoder.Apple;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.testkit.Patience;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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
        Catalogue.open(Apple.catalogueFolder()), SessionSettings.cpu(1), wholeLatents, 8);
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
    try (LatentDecoders inTiles = open(15 * 15)) {
      tiled = inTiles.decode(Apple.request().build(), Apple.latents(), new RunStop()).rgb();
    }

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

  private static void assertRejected(GenerationRequest request, FloatTensor latents, String code) {
    assertThatThrownBy(() -> decode(request, latents))
        .isInstanceOfSatisfying(Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private static Pixels decode(GenerationRequest request, FloatTensor latents) {
    return decoders.decode(request, latents, new RunStop());
  }
}
