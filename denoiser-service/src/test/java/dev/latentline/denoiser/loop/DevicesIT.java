package dev.latentline.denoiser.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.NoisePredictor;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.task.Starter;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.testkit.Patience;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several devices of one replica; here the CPU twice. */
@Timeout(Patience.TEST_SECONDS)
class DevicesIT {
  private static final TaskPlanner PLANNER =
      new TaskPlanner((tenant, payload) -> payload.getInline());

  private final ExecutorService workers = Executors.newCachedThreadPool();

  @Test
  void picturesAreSharedOutAndAreTheSameOnEach() {
    EmbeddingReady apple = Starter.apple(Starter.request().setSteps(3).build());
    try (Devices devices = new Devices(List.of(device(1), device(1)))) {
      CountDownLatch bothAtWork = new CountDownLatch(2);
      List<CompletableFuture<float[]>> made = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Devices.OnDevice device = devices.take().device();
        PoolModel model = device.models().require(apple.getRequest().getModel());
        TaskPlan plan = PLANNER.plan(apple, model);
        NoisePredictor network =
            (calls, stop) -> {
              // neither goes on before the other has begun: they are side by side
              bothAtWork.countDown();
              awaitQuietly(bothAtWork);
              try (HeldNetwork held = device.models().network(model)) {
                return held.network().predict(calls, stop);
              }
            };
        made.add(CompletableFuture.supplyAsync(() -> made(device, plan, network), workers));
      }
      assertThat(made.get(0).join()).isEqualTo(made.get(1).join());
    }
  }

  @Test
  void tasksWhoseNetworkIsNotLoadedYetHaveTheirPlaceToo() {
    Devices.OnDevice first = device(4);
    Devices.OnDevice second = device(4);
    try (Devices devices = new Devices(List.of(first, second))) {
      List<Devices.Place> places = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        places.add(devices.take());
      }
      assertThat(places)
          .extracting(Devices.Place::device)
          .containsExactly(first, second, first, second);

      places.get(1).close();
      places.get(3).close();
      assertThat(devices.take().device()).isEqualTo(second);
      assertThat(devices.take().device()).isEqualTo(second);
    }
  }

  @Test
  void aTaskThatMustBeAloneKeepsEveryDeviceFromTakingMore() {
    Devices.OnDevice first = device(4);
    try (Devices devices = new Devices(List.of(first, device(4)))) {
      assertThat(devices.hasRoom()).isTrue();
      first.loop().keepFor("a task");
      assertThat(devices.hasRoom()).isFalse();
      first.loop().release("a task");
      assertThat(devices.hasRoom()).isTrue();
    }
  }

  private static Devices.OnDevice device(int slots) {
    return new Devices.OnDevice(
        Starter.models(), new StepLoop(new TurnScheduler(BatchSizes.none()), slots));
  }

  private static float[] made(Devices.OnDevice device, TaskPlan plan, NoisePredictor network) {
    StepTask task = StepTask.start(plan);
    assertThat(device.loop().run(new Tasks.WorkBuilder(task, network).build()))
        .isEqualTo(StepLoop.End.DONE);
    return task.latents().data();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
