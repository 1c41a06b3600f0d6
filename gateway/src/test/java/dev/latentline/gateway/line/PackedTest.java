package dev.latentline.gateway.line;

import static dev.latentline.gateway.fold.TestFacts.after;
import static dev.latentline.gateway.fold.TestFacts.cancelRequested;
import static dev.latentline.gateway.fold.TestFacts.cancelled;
import static dev.latentline.gateway.fold.TestFacts.denoised;
import static dev.latentline.gateway.fold.TestFacts.dispatched;
import static dev.latentline.gateway.fold.TestFacts.encoded;
import static dev.latentline.gateway.fold.TestFacts.failed;
import static dev.latentline.gateway.fold.TestFacts.flagged;
import static dev.latentline.gateway.fold.TestFacts.imageFailed;
import static dev.latentline.gateway.fold.TestFacts.request;
import static dev.latentline.gateway.fold.TestFacts.settled;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static dev.latentline.gateway.fold.TestFacts.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.WebhookTarget;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PackedTest {
  private static final GenerationRequest REQUEST =
      request(3)
          .setWebhook(WebhookTarget.newBuilder().setUrl("https://example.com/hook"))
          .addStyles("oil")
          .addExpandedPrompts(ExpandedPrompts.newBuilder().setPrompt("a red apple, in oil"))
          .putMetadata("order", "4711")
          .build();

  static Stream<GenerationState> states() {
    return Stream.of(
        after(
            REQUEST,
            dispatched(),
            encoded(),
            denoised(0),
            stored(0),
            stored(1),
            flagged(2),
            succeeded(),
            settled()),
        after(REQUEST, dispatched(), stored(1), imageFailed(0, "x"), failed("partial"), settled()),
        after(REQUEST, imageFailed(2, "x"), stored(2), failed("partial"), settled()),
        after(REQUEST, cancelRequested(), cancelled(), settled()),
        after(request(1).clearPrompt().build(), stored(0), succeeded(), settled()));
  }

  @ParameterizedTest
  @MethodSource("states")
  void whatWasPackedIsTheSameAgain(GenerationState state) {
    assertThat(Packed.of(state).state()).isEqualTo(state);
  }

  @ParameterizedTest
  @MethodSource("states")
  void promptsAndMetadataCanBeLeftOut(GenerationState state) {
    Packed without = Packed.of(state).withoutTexts();

    assertThat(without.state()).isEqualTo(state.withoutTexts());
    assertThat(without.state().request().getMetadataMap()).isEmpty();
    assertThat(without.textBytes()).isZero();
    assertThat(without.endedAtMs()).isEqualTo(state.endedAtMs().orElseThrow());
  }

  @Test
  void aPictureTakesFewBytes() {
    Packed packed = Packed.of(realistic());

    assertThat(packed.factBytes()).isLessThan(600);
    assertThat(packed.textBytes()).isLessThan(200);
  }

  /** Digests of their true length: they are what cannot be compressed. */
  private static GenerationState realistic() {
    GenerationRequest.Builder request = request(1);
    request.getModelBuilder().setDigest("sha256:" + digest(1));
    var stored = stored(0).toBuilder();
    stored.getStoredBuilder().setSha256(digest(2)).setPixelsSha256(digest(3));
    return after(
        request.build(),
        dispatched(),
        encoded(),
        denoised(0),
        stored.build(),
        succeeded(),
        settled());
  }

  private static String digest(int seed) {
    StringBuilder hex = new StringBuilder();
    Random random = new Random(seed);
    while (hex.length() < 64) {
      hex.append(Integer.toHexString(random.nextInt(16)));
    }
    return hex.toString();
  }
}
