package dev.latentline.denoiser;

import com.google.protobuf.ByteString;
import dev.latentline.contract.Stage;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.kit.record.Records;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.Progress;
import io.smallrye.reactive.messaging.MutinyEmitter;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.jboss.logging.Logger;

/**
 * Tells who watches how far a picture is. The step loop does not wait for it, nor for previews:
 * while the broker is slow or away, steps go untold.
 */
@ApplicationScoped
class StepProgress {
  private static final Logger LOG = Logger.getLogger(StepProgress.class);

  /** Below the emitter's buffer, which refuses what does not fit; it bounds what previews hold. */
  private static final int MAX_IN_FLIGHT = 16;

  private final Previews previews;
  private final Duration pause;
  private final MutinyEmitter<byte[]> channel;
  private final AtomicInteger inFlight = new AtomicInteger();

  /** One, so that steps are told in their order. */
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread named = new Thread(task, "step-progress");
            named.setDaemon(true);
            return named;
          });

  StepProgress(
      DenoiserSettings settings,
      Previews previews,
      @Channel("generation-progress") MutinyEmitter<byte[]> channel) {
    this.pause = settings.progress().pause();
    this.previews = previews;
    this.channel = channel;
  }

  OfTask of(WorkItem item, ModelCard model, StepTask task) {
    return new OfTask(item, model, task);
  }

  /** The progress of one picture. Not thread-safe. */
  final class OfTask {
    private final WorkItem item;
    private final StepTask task;
    private final Previews.OfTask shown;
    private final Pace pace = new Pace();
    private long lastTold;

    private OfTask(WorkItem item, ModelCard model, StepTask task) {
      this.item = item;
      this.task = task;
      this.shown = previews.of(model, task);
      this.lastTold = System.nanoTime() - pause.toNanos();
    }

    /**
     * A step is made. The first one is told, the last one, and others when the pause is over.
     *
     * @param took the step alone
     */
    void stepped(Duration took) {
      long now = System.nanoTime();
      pace.stepped(took, now);
      Optional<Supplier<ByteString>> preview = shown.next(now);
      boolean last = task.callsLeft() == 0;
      if (preview.isEmpty() && !last && now - lastTold < pause.toNanos()) {
        return;
      }
      lastTold = now;
      Progress.Builder progress =
          Progress.newBuilder()
              .setGenerationId(item.generationId())
              .setImageIndex(task.plan().task().index())
              .setStep(task.state().step())
              .setSteps(task.plan().steps())
              .setAtMs(System.currentTimeMillis())
              .setEtaMs(pace.of(task.callsLeft()).toMillis());
      report(item, progress, preview.orElse(() -> ByteString.EMPTY));
    }
  }

  private void report(WorkItem item, Progress.Builder progress, Supplier<ByteString> preview) {
    if (inFlight.incrementAndGet() > MAX_IN_FLIGHT) {
      inFlight.decrementAndGet();
      return;
    }
    try {
      thread.execute(() -> tell(item, progress, preview));
    } catch (RejectedExecutionException ending) {
      inFlight.decrementAndGet();
    }
  }

  private void tell(WorkItem item, Progress.Builder progress, Supplier<ByteString> preview) {
    try {
      progress.setPreview(preview.get());
    } catch (RuntimeException e) {
      LOG.warnf("generation=%s a preview could not be made: %s", item.generationId(), e);
    }
    channel
        .sendMessage(Records.following(Stage.DENOISER, item, item.generationId(), progress.build()))
        .subscribe()
        .with(told -> inFlight.decrementAndGet(), untold -> inFlight.decrementAndGet());
  }

  @PreDestroy
  void end() {
    thread.shutdownNow();
  }
}
