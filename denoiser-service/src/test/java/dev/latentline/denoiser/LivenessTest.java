package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.denoiser.loop.Devices;
import dev.latentline.denoiser.loop.StepLoop;
import dev.latentline.denoiser.loop.Tasks;
import dev.latentline.testkit.Patience;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an orchestrator is told, which starts a replica anew that is not alive. */
@Timeout(Patience.TEST_SECONDS)
class LivenessTest {
  @Test
  void aReplicaWhoseStepDoesNotEndIsNotAlive() {
    Semaphore answers = new Semaphore(0);
    try (StepLoop loop = Tasks.impatientLoop()) {
      // the check asks the loops alone
      Devices devices = new Devices(List.of(new Devices.OnDevice(null, loop)));
      HealthCheck alive = new DenoiserSetup().stepping(devices);
      assertThat(alive.call().getStatus()).isEqualTo(Status.UP);

      CompletableFuture<StepLoop.End> made =
          CompletableFuture.supplyAsync(
              () ->
                  loop.run(
                      Tasks.work(
                          Tasks.task(1, 3),
                          (calls, stop) -> {
                            answers.acquireUninterruptibly();
                            return Tasks.network(calls, stop);
                          })));

      await().atMost(Patience.SOON).until(() -> alive.call().getStatus() == Status.DOWN);
      answers.release(3);
      assertThat(made.join()).isEqualTo(StepLoop.End.DONE);
      assertThat(alive.call().getStatus()).isEqualTo(Status.UP);
    }
  }
}
