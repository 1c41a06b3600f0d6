package dev.latentline.gateway.line;

import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.ImageState;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * When the steps of a generation's pictures will be made. Of a picture that has begun its denoiser
 * says so, at the picture's own pace; while others have not begun it also takes as long as all
 * steps that are left at the pace of all steps so far. Times are those of System.nanoTime(). Not
 * thread-safe.
 */
final class Eta {
  /** Of each image; meaningful where it was told. */
  private final long[] ends;

  private final boolean[] told;
  private boolean begun;
  private int stepsAtFirst;
  private int steps;
  private long firstAt;
  private long newestAt;

  Eta(int images) {
    ends = new long[images];
    told = new boolean[images];
  }

  /**
   * A step was made.
   *
   * @param stepsDone of each image, this step included
   * @param leftMillis of the image, where its denoiser says so
   */
  void stepped(int image, int[] stepsDone, OptionalLong leftMillis, long now) {
    steps = 0;
    for (int done : stepsDone) {
      steps += done;
    }
    if (!begun) {
      begun = true;
      stepsAtFirst = steps;
      firstAt = now;
    }
    newestAt = now;
    told[image] = leftMillis.isPresent();
    ends[image] = now + TimeUnit.MILLISECONDS.toNanos(leftMillis.orElse(0));
  }

  /** How long from now; empty when nobody can say, or when it should have been over by now. */
  OptionalLong millis(GenerationState state, int[] stepsDone, long now) {
    boolean known = false;
    boolean someWait = false;
    int left = 0;
    long longest = 0;
    for (int i = 0; i < stepsDone.length; i++) {
      ImageState image = state.images().get(i);
      if (image.ended() || image.denoised().isPresent()) {
        continue;
      }
      left += state.request().getSteps() - stepsDone[i];
      if (stepsDone[i] == 0) {
        someWait = true;
      } else if (told[i]) {
        known = true;
        longest = Math.max(longest, ends[i] - now);
      } else {
        return OptionalLong.empty();
      }
    }
    if (someWait) {
      if (steps == stepsAtFirst) {
        return OptionalLong.empty();
      }
      long ofAll = (newestAt - firstAt) / (steps - stepsAtFirst) * left;
      known = true;
      longest = Math.max(longest, newestAt + ofAll - now);
    }
    return known && longest > 0
        ? OptionalLong.of(TimeUnit.NANOSECONDS.toMillis(longest))
        : OptionalLong.empty();
  }
}
