package dev.latentline.denoiser;

import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.ImageTask;
import dev.latentline.denoiser.resume.BegunAttempts;
import dev.latentline.denoiser.resume.Checkpoints;
import dev.latentline.denoiser.resume.StepRecords;
import dev.latentline.denoiser.resume.StepSnapshot;
import dev.latentline.denoiser.resume.StepWriter;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.kit.control.CancelledGenerations;
import dev.latentline.kit.workqueue.Attempts;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.Refiner;
import dev.latentline.proto.v1.RuntimeClass;
import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Where each task goes on from, and what it leaves behind for whoever goes on with it. */
@ApplicationScoped
class TaskRecords {
  private static final Logger LOG = Logger.getLogger(TaskRecords.class);

  /** So long a finished picture waits for a step record that is being written. */
  private static final Duration PATIENCE = Duration.ofMillis(200);

  private final StepRecords records;
  private final StepWriter writer;
  private final BegunAttempts begun;
  private final CancelledGenerations cancelled;

  TaskRecords(
      StepRecords records, StepWriter writer, BegunAttempts begun, CancelledGenerations cancelled) {
    this.records = records;
    this.writer = writer;
    this.begun = begun;
    this.cancelled = cancelled;
  }

  /** How many attempts at a record did not get its picture further. */
  @Produces
  @Singleton
  @Identifier("embedding-ready")
  Attempts attempts() {
    return item -> {
      EmbeddingReady record = DenoiseStage.parse(item);
      ImageTask task = task(item, record);
      String tenant = record.getRequest().getTenant();
      int lastProgress = records.read(tenant, task).map(StepSnapshot::attempt).orElse(0);
      return begun.fruitless(tenant, task, item.attempt(), lastProgress);
    };
  }

  private static ImageTask task(WorkItem item, EmbeddingReady record) {
    return new ImageTask(item.generationId(), record.getImageIndex());
  }

  /**
   * Takes down that an attempt at a record begins.
   *
   * @throws Failure.Retryable when it cannot be taken down
   */
  void begin(WorkItem item, EmbeddingReady record) {
    begun.begin(record.getRequest().getTenant(), task(item, record), item.attempt());
  }

  OfTask of(
      WorkItem item,
      GenerationRequest request,
      TaskPlan plan,
      String modelDigest,
      RuntimeClass runtime) {
    return new OfTask(item, request, plan, modelDigest, runtime);
  }

  /** The records of one task. */
  final class OfTask {
    private final WorkItem item;
    private final String tenant;
    private final List<Lora> loras;
    private final Refiner refiner;
    private final TaskPlan plan;
    private final String modelDigest;
    private final RuntimeClass runtime;
    private Checkpoints checkpoints;
    private SamplerState newest;
    private boolean recorded;

    private OfTask(
        WorkItem item,
        GenerationRequest request,
        TaskPlan plan,
        String modelDigest,
        RuntimeClass runtime) {
      this.item = item;
      this.tenant = request.getTenant();
      this.loras = request.getLorasList();
      this.refiner = request.getRefiner();
      this.plan = plan;
      this.modelDigest = modelDigest;
      this.runtime = runtime;
    }

    /** From the step record, where there is one that this replica can go on from. */
    StepTask start() {
      StepTask task =
          begunBefore()
              ? found().map(s -> StepTask.resume(plan, s.state())).orElseGet(this::anew)
              : anew();
      newest = task.state();
      checkpoints = new Checkpoints(task.callsLeft());
      return task;
    }

    private StepTask anew() {
      return StepTask.start(plan);
    }

    /** At the first attempt there is none, and the store is not asked. */
    private boolean begunBefore() {
      return item.attempt() > 1 || item.headers().containsKey(HeaderNames.ATTEMPTS);
    }

    private Optional<StepSnapshot> found() {
      try {
        return records.read(tenant, plan.task()).filter(this::usable);
      } catch (Failure.Retryable away) {
        LOG.warnf(
            "generation=%s image=%d starts anew, its step record cannot be read: %s",
            plan.task().generationId(), plan.task().index(), away.code());
        return Optional.empty();
      }
    }

    private boolean usable(StepSnapshot found) {
      boolean same =
          found.modelDigest().equals(modelDigest)
              && found.loras().equals(loras)
              && found.refiner().equals(refiner)
              && found.runtimeClass().equals(runtime)
              && Arrays.equals(found.shape(), plan.shape())
              && plan.fits(found.state());
      if (!same) {
        LOG.infof(
            "generation=%s image=%d starts anew, its step record is of another runtime class",
            plan.task().generationId(), plan.task().index());
      }
      return same;
    }

    /** A step is made. */
    void stepped(SamplerState state, Duration took) {
      newest = state;
      if (checkpoints.due(took)) {
        recorded = true;
        writer.offer(snapshot());
      }
    }

    /**
     * All steps are made. The last record stays until the generation ends: whoever gets the task
     * again has little left to compute.
     */
    void done() {
      if (recorded) {
        writer.settle(plan.task(), PATIENCE);
      }
    }

    /** Nobody wants it here. */
    void stopped() {
      if (!recorded) {
        return;
      }
      writer.settle(plan.task(), PATIENCE);
      if (cancelled.contains(plan.task().generationId())) {
        // perhaps the owner has cleaned up before the last one was written
        try {
          records.delete(tenant, plan.task());
        } catch (Failure.Retryable away) {
          LOG.warnf(
              "generation=%s image=%d its step record is left behind: %s",
              plan.task().generationId(), plan.task().index(), away.code());
        }
      }
    }

    /** Whether another replica could go on from here, as far as it is known; does not block. */
    boolean movable() {
      return isAtBeginning() || !writer.isAway();
    }

    /**
     * Leaves the newest state for whoever goes on.
     *
     * @return false when it could not be written: all steps would have to be made again
     */
    boolean handOver() {
      return isAtBeginning() || writer.write(snapshot(), PATIENCE);
    }

    private boolean isAtBeginning() {
      return newest.step() == 0 && newest.call() == 0;
    }

    private StepSnapshot snapshot() {
      return new StepSnapshot(
          tenant,
          plan.task(),
          modelDigest,
          loras,
          refiner,
          runtime,
          plan.shape(),
          item.attempt(),
          newest);
    }
  }
}
