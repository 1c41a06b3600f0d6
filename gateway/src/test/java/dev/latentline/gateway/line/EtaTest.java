package dev.latentline.gateway.line;

import static dev.latentline.gateway.fold.TestFacts.after;
import static dev.latentline.gateway.fold.TestFacts.denoised;
import static dev.latentline.gateway.fold.TestFacts.dispatched;
import static dev.latentline.gateway.fold.TestFacts.imageFailed;
import static dev.latentline.gateway.fold.TestFacts.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.gateway.fold.GenerationState;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class EtaTest {
  private static final int STEPS = request(1).getSteps();

  private long now;

  @Test
  void ofOnePictureItIsWhatTheDenoiserSaysLessTheTimeSince() {
    Images images = new Images(1);
    assertThat(images.left(after(1, dispatched()))).isEmpty();

    images.step(0, OptionalLong.of(4000));

    assertThat(images.left(after(1, dispatched()))).hasValue(4000);
    now += 1500;
    assertThat(images.left(after(1, dispatched()))).hasValue(2500);
  }

  @Test
  void whatShouldHaveBeenOverIsUnknown() {
    Images images = new Images(1);
    images.step(0, OptionalLong.of(4000));
    now += 4000;

    assertThat(images.left(after(1, dispatched()))).isEmpty();
  }

  @Test
  void aDenoiserThatDoesNotSayLeavesItUnknown() {
    Images images = new Images(2);
    images.step(0, OptionalLong.of(4000));
    images.step(1, OptionalLong.empty());

    assertThat(images.left(after(2, dispatched()))).isEmpty();
  }

  @Test
  void ofPicturesThatAreMadeTogetherItIsTheLongest() {
    Images images = new Images(2);
    images.step(0, OptionalLong.of(4000));
    images.step(1, OptionalLong.of(9000));

    assertThat(images.left(after(2, dispatched()))).hasValue(9000);
    assertThat(images.left(after(2, dispatched(), denoised(1)))).hasValue(4000);
    assertThat(images.left(after(2, dispatched(), denoised(1), imageFailed(0, "x")))).isEmpty();
  }

  @Test
  void picturesThatHaveNotBegunTakeTheirStepsAtThePaceOfAll() {
    Images images = new Images(3);
    images.step(0, OptionalLong.of(100L * (STEPS - 1)));
    assertThat(images.left(after(3, dispatched()))).as("one step has no pace").isEmpty();

    now += 100;
    images.step(0, OptionalLong.of(100L * (STEPS - 2)));

    assertThat(images.left(after(3, dispatched()))).hasValue(100L * (3 * STEPS - 2));
    assertThat(images.left(after(3, dispatched(), denoised(0)))).hasValue(100L * 2 * STEPS);
  }

  /** Of a generation, as steps are told of them. */
  private final class Images {
    private final int[] done;
    private final Eta eta;

    Images(int count) {
      done = new int[count];
      eta = new Eta(count);
    }

    void step(int image, OptionalLong leftMillis) {
      done[image]++;
      eta.stepped(image, done, leftMillis, TimeUnit.MILLISECONDS.toNanos(now));
    }

    OptionalLong left(GenerationState state) {
      return eta.millis(state, done, TimeUnit.MILLISECONDS.toNanos(now));
    }
  }
}
