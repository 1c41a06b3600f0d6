package dev.latentline.denoiser.resume;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class CheckpointsTest {
  @Test
  void atMostHalfASecondOfWorkIsUnsaved() {
    Checkpoints checkpoints = new Checkpoints(50);
    Duration step = Duration.ofMillis(50);
    int unsaved = 0;
    int records = 0;
    for (int i = 0; i < 50; i++) {
      unsaved++;
      if (checkpoints.due(step)) {
        unsaved = 0;
        records++;
      }
      assertThat(unsaved * 50).isLessThan(500);
    }
    assertThat(records).isEqualTo(5);
  }

  @Test
  void everyLongStepIsSaved() {
    Checkpoints checkpoints = new Checkpoints(4);

    assertThat(checkpoints.due(Duration.ofSeconds(5))).isTrue();
    assertThat(checkpoints.due(Duration.ofSeconds(5))).isTrue();
  }

  @Test
  void aPictureOfLessThanASecondIsNotWorthARecord() {
    Checkpoints checkpoints = new Checkpoints(20);
    for (int i = 0; i < 20; i++) {
      assertThat(checkpoints.due(Duration.ofMillis(45))).isFalse();
    }
  }
}
