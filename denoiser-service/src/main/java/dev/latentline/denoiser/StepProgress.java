package dev.latentline.denoiser;

import dev.latentline.contract.Stage;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.kit.record.Records;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.Progress;
import io.smallrye.reactive.messaging.MutinyEmitter;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.microprofile.reactive.messaging.Channel;

/**
 * Tells who watches how far a picture is. The step loop does not wait for it: while the broker is
 * slow or away, steps go untold.
 */
@ApplicationScoped
class StepProgress {
  /** Below the emitter's buffer, which refuses what does not fit. */
  private static final int MAX_IN_FLIGHT = 16;

  private final MutinyEmitter<byte[]> channel;
  private final AtomicInteger inFlight = new AtomicInteger();

  StepProgress(@Channel("generation-progress") MutinyEmitter<byte[]> channel) {
    this.channel = channel;
  }

  /**
   * @param left until it is done, at its pace so far
   */
  void report(WorkItem item, TaskPlan plan, int stepsDone, Duration left) {
    if (inFlight.incrementAndGet() > MAX_IN_FLIGHT) {
      inFlight.decrementAndGet();
      return;
    }
    Progress progress =
        Progress.newBuilder()
            .setGenerationId(item.generationId())
            .setImageIndex(plan.task().index())
            .setStep(stepsDone)
            .setSteps(plan.steps())
            .setAtMs(System.currentTimeMillis())
            .setEtaMs(left.toMillis())
            .build();
    channel
        .sendMessage(Records.following(Stage.DENOISER, item, item.generationId(), progress))
        .subscribe()
        .with(told -> inFlight.decrementAndGet(), untold -> inFlight.decrementAndGet());
  }
}
