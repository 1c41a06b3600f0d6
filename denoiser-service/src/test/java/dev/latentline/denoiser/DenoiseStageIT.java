package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.latentline.contract.ImageTask;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.denoiser.loop.Devices;
import dev.latentline.denoiser.loop.HeapBudget;
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
import dev.latentline.kit.workqueue.Intake;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.testkit.Patience;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Which attempts count against a picture that gets nowhere, and that nothing of it is read before
 * there is room for it.
 */
@Timeout(Patience.TEST_SECONDS)
class DenoiseStageIT {
  private static final EmbeddingReady APPLE = Starter.apple(Starter.request().build());
  private static final ImageTask TASK = new ImageTask(APPLE.getRequest().getGenerationId(), 0);
  private static StepLoop loop;
  private static Devices devices;

  private final HeapBudget heap = new HeapBudget(1 << 20, 1 << 20);
  private final List<Long> reservedWhenRead = new CopyOnWriteArrayList<>();
  private final TestLease lease = new TestLease();
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
    return stage(new CancelledGenerations());
  }

  private DenoiseStage stage(CancelledGenerations cancelled) {
    TaskPlanner planner =
        new TaskPlanner(
            (tenant, payload) -> {
              reservedWhenRead.add(heap.reserved());
              throw new IllegalStateException("cannot be planned");
            });
    return new DenoiseStage(devices, heap, planner, records, null, null, cancelled, null);
  }

  @Test
  void anAttemptThatFailsWhileItIsPlannedCounts() {
    for (int attempt = 1; attempt <= 3; attempt++) {
      WorkItem item = item(attempt, attempt == 3);
      assertThat(records.attempts().fruitless(item)).isEqualTo(attempt);

      assertThatThrownBy(() -> stage().denoise(item)).hasMessage("cannot be planned");
    }

    assertThat(records.attempts().fruitless(item(4, false))).isEqualTo(4);
    assertThat(reservedWhenRead).hasSize(3).allMatch(bytes -> bytes > APPLE.getSerializedSize());
    assertThat(heap.reserved()).isZero();
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

  @Test
  void nothingOfAPictureIsReadBeforeThereIsRoomForIt() {
    HeapBudget.Reservation others = heap.reserve(1 << 20, () -> false).orElseThrow();
    CompletableFuture<Void> denoised = waiting(stage());
    assertThat(reservedWhenRead).isEmpty();
    assertThat(lease.told()).isPositive();

    others.close();

    assertThat(denoised)
        .failsWithin(Patience.SOON)
        .withThrowableThat()
        .withMessageContaining("cannot be planned");
    assertThat(reservedWhenRead).hasSize(1).allMatch(bytes -> bytes > APPLE.getSerializedSize());
    assertThat(heap.reserved()).isZero();
  }

  @Test
  void whoseLeaseIsLostOrIsCancelledWaitsNoMore() {
    AtomicBoolean wanted = new AtomicBoolean(true);
    CancelledGenerations cancelled =
        new CancelledGenerations() {
          @Override
          public boolean contains(String generationId) {
            return !wanted.get();
          }
        };
    try (HeapBudget.Reservation others = heap.reserve(1 << 20, () -> false).orElseThrow()) {
      CompletableFuture<Void> first = waiting(stage(cancelled));
      wanted.set(false);
      assertThat(first).succeedsWithin(Patience.SOON);

      CompletableFuture<Void> second = waiting(stage());
      lease.lose();
      assertThat(second).succeedsWithin(Patience.SOON);
      assertThat(others).isNotNull();
    }

    assertThat(reservedWhenRead).isEmpty();
    assertThat(heap.isAwaited()).isFalse();
    assertThat(heap.reserved()).isZero();
  }

  @Test
  void aReplicaThatShutsDownHandsOnWhatWaits() {
    try (HeapBudget.Reservation others = heap.reserve(1 << 20, () -> false).orElseThrow()) {
      CompletableFuture<Void> denoised = waiting(stage());

      lease.end();

      assertThat(denoised)
          .failsWithin(Patience.SOON)
          .withThrowableThat()
          .withCauseInstanceOf(HandOverException.class);
      assertThat(others).isNotNull();
    }

    assertThat(reservedWhenRead).isEmpty();
    assertThat(heap.reserved()).isZero();
  }

  @Test
  void noFurtherPictureIsTakenWhileOneWaitsForMemory() {
    Intake intake = new DenoiserSetup().intake(devices, heap);
    HeapBudget.Reservation others = heap.reserve(1 << 20, () -> false).orElseThrow();
    assertThat(intake.wants(1)).isTrue();
    CompletableFuture<Void> denoised = waiting(stage());

    assertThat(intake.wants(1)).isFalse();

    others.close();
    assertThat(denoised).failsWithin(Patience.SOON);
    assertThat(intake.wants(1)).isTrue();
  }

  /** Begins with the picture and returns once that waits. */
  private CompletableFuture<Void> waiting(DenoiseStage stage) {
    CompletableFuture<Void> denoised =
        CompletableFuture.runAsync(
            () -> stage.denoise(item(1, false)), work -> new Thread(work).start());
    await().atMost(Patience.SOON).until(() -> heap.isAwaited() && lease.told() > 0);
    return denoised;
  }

  private WorkItem item(int attempt, boolean last) {
    return new WorkItem(
        TASK.key(),
        APPLE.toByteArray(),
        Map.of(),
        TASK.generationId(),
        attempt,
        last,
        Instant.MAX,
        lease);
  }
}
