package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.ImageTask;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.denoiser.loop.Devices;
import dev.latentline.denoiser.loop.StepLoop;
import dev.latentline.denoiser.loop.TurnScheduler;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.resume.BegunAttempts;
import dev.latentline.denoiser.resume.MapStore;
import dev.latentline.denoiser.resume.StepRecords;
import dev.latentline.denoiser.resume.StepWriter;
import dev.latentline.denoiser.task.Starter;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.kit.control.CancelledGenerations;
import dev.latentline.kit.workqueue.HandOverException;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.testkit.Patience;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which attempts count against a picture that gets nowhere. */
@Timeout(Patience.TEST_SECONDS)
class DenoiseStageIT {
  private static final EmbeddingReady APPLE = Starter.apple(Starter.request().build());
  private static final ImageTask TASK = new ImageTask(APPLE.getRequest().getGenerationId(), 0);
  private static StepLoop loop;
  private static Devices devices;

  private final MapStore store = new MapStore();
  private final StepRecords steps = new StepRecords(store);
  private final StepWriter writer = new StepWriter(steps);
  private final TaskRecords records =
      new TaskRecords(steps, writer, new BegunAttempts(store), new CancelledGenerations());

  @BeforeAll
  static void load() {
    loop = new StepLoop(new TurnScheduler(BatchSizes.none()), 8);
    devices = new Devices(List.of(new Devices.OnDevice(Starter.models(), loop)));
  }

  @AfterAll
  static void unload() {
    devices.close();
  }

  @AfterEach
  void close() {
    writer.close();
  }

  /** Nothing of what follows the planning is reached. */
  private DenoiseStage stage() {
    TaskPlanner planner =
        new TaskPlanner(
            (tenant, payload) -> {
              throw new IllegalStateException("cannot be planned");
            });
    return new DenoiseStage(
        devices, planner, records, null, null, new CancelledGenerations(), null);
  }

  @Test
  void anAttemptThatFailsWhileItIsPlannedCounts() {
    for (int attempt = 1; attempt <= 3; attempt++) {
      WorkItem item = item(attempt, attempt == 3);
      assertThat(records.attempts().fruitless(item)).isEqualTo(attempt);

      assertThatThrownBy(() -> stage().denoise(item)).hasMessage("cannot be planned");
    }

    assertThat(records.attempts().fruitless(item(4, false))).isEqualTo(4);
    assertThat(loop.keepFor("another")).as("nobody is alone any more").isTrue();
    loop.release("another");
  }

  @Test
  void oneThatIsHandedOverSinceAnotherMustBeAloneDoesNotCount() {
    assertThat(loop.keepFor("another")).isTrue();
    try {
      assertThatThrownBy(() -> stage().denoise(item(3, true)))
          .isInstanceOf(HandOverException.class);
    } finally {
      loop.release("another");
    }

    assertThat(store.objects)
        .doesNotContainKey(ObjectKeys.begunAttempt(APPLE.getRequest().getTenant(), TASK, 3));
    assertThat(records.attempts().fruitless(item(4, false))).as("the first, and this").isEqualTo(2);
  }

  private static WorkItem item(int attempt, boolean last) {
    return new WorkItem(
        TASK.key(),
        APPLE.toByteArray(),
        Map.of(),
        TASK.generationId(),
        attempt,
        last,
        Instant.MAX,
        null);
  }
}
