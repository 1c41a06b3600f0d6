package dev.latentline.denoiser.resume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.ImageTask;
import org.junit.jupiter.api.Test;

class BegunAttemptsTest {
  private static final ImageTask TASK = new ImageTask("gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b", 3);
  private static final String FOLDER = "steps/acme/gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b/3/begun/";

  private final MapStore store = new MapStore();
  private final BegunAttempts begun = new BegunAttempts(store);

  /** Before an attempt, which then begins. */
  private int fruitless(int attempt, int lastProgress) {
    int fruitless = begun.fruitless("acme", TASK, attempt, lastProgress);
    begun.begin("acme", TASK, attempt);
    return fruitless;
  }

  @Test
  void everyAttemptThatWasBegunCounts() {
    assertThat(fruitless(2, 0)).isEqualTo(2);
    assertThat(fruitless(3, 0)).isEqualTo(3);
    assertThat(fruitless(4, 0)).isEqualTo(4);
    assertThat(store.objects).containsOnlyKeys(FOLDER + "0002", FOLDER + "0003", FOLDER + "0004");
  }

  @Test
  void deliveriesThatReachedNobodyDoNotCount() {
    assertThat(fruitless(7, 0)).as("the first, and this one").isEqualTo(2);
    assertThat(fruitless(11, 0)).isEqualTo(3);
  }

  @Test
  void anAttemptThatIsAskedForAgainCountsOnce() {
    fruitless(2, 0);

    assertThat(fruitless(2, 0)).as("after it failed, or handed on").isEqualTo(2);
    assertThat(fruitless(3, 0)).isEqualTo(3);
  }

  @Test
  void onlyThoseSinceTheLastProgressCount() {
    fruitless(2, 0);
    fruitless(3, 0);

    assertThat(fruitless(3, 3)).as("this one got further").isZero();
    assertThat(fruitless(4, 3)).isEqualTo(1);
    assertThat(fruitless(5, 3)).isEqualTo(2);
    assertThat(fruitless(5, 1)).isEqualTo(4);
  }

  @Test
  void anAttemptThatNeverBeganDoesNotCount() {
    begun.fruitless("acme", TASK, 2, 0);

    assertThat(fruitless(3, 0)).isEqualTo(2);
  }

  @Test
  void theFirstAttemptLeavesNothingBehind() {
    assertThat(fruitless(1, 0)).isEqualTo(1);
    assertThat(store.objects).isEmpty();
  }

  @Test
  void aStoreThatIsAwayIsSaid() {
    store.away = true;

    assertThatThrownBy(() -> begun.fruitless("acme", TASK, 2, 0))
        .isInstanceOf(Failure.Retryable.class);
    assertThatThrownBy(() -> begun.begin("acme", TASK, 2)).isInstanceOf(Failure.Retryable.class);
  }
}
