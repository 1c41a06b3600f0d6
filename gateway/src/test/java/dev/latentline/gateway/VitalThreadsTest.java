package dev.latentline.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.Test;

class VitalThreadsTest {
  private final VitalThreads threads = new VitalThreads();
  private final CountDownLatch end = new CountDownLatch(1);

  @Test
  void beforeTheStartNothingIsMissing() {
    assertThat(threads.call().getStatus()).isEqualTo(Status.UP);
  }

  @Test
  void aThreadThatAnErrorEndedIsMissed() throws Exception {
    Thread runs = new Thread(this::awaitEnd, "runs");
    Thread breaks =
        new Thread(
            () -> {
              awaitEnd();
              throw new AssertionError("an error of the test");
            },
            "breaks");
    threads.start(runs);
    threads.start(breaks);
    assertThat(threads.call().getStatus()).isEqualTo(Status.UP);
    threads.release(runs);

    end.countDown();
    breaks.join();

    assertThat(threads.call().getStatus()).isEqualTo(Status.DOWN);
    assertThat(threads.call().getData().orElseThrow()).containsEntry("breaks", false);
  }

  @Test
  void aThreadThatEndsWithTheGatewayIsNotMissed() throws Exception {
    Thread thread = new Thread(this::awaitEnd, "ends");
    threads.start(thread);

    threads.release(thread);
    end.countDown();
    thread.join();

    assertThat(threads.call().getStatus()).isEqualTo(Status.UP);
  }

  private void awaitEnd() {
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
