package dev.latentline.denoiser;

import com.google.protobuf.ByteString;
import dev.latentline.contract.Stage;
import dev.latentline.denoiser.preview.ProgressRate;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.kit.record.Records;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.Progress;
import io.quarkus.runtime.Startup;
import io.smallrye.reactive.messaging.MutinyEmitter;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Locale;
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
@Startup
@ApplicationScoped
class StepProgress {
  private static final Logger LOG = Logger.getLogger(StepProgress.class);

  /** Below the emitter's buffer, which refuses what does not fit; it bounds what previews hold. */
  private static final int MAX_IN_FLIGHT = 16;

  private final int every;
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
      DenoiserSettings settings, @Channel("generation-progress") MutinyEmitter<byte[]> channel) {
    this.pause = settings.progress().pause();
    this.every = shownEvery(settings);
    this.channel = channel;
  }

  /**
   * After how many steps a preview is shown, 0 for never.
   *
   * @throws IllegalArgumentException when latentline.previews.every is below 0
   */
  static int shownEvery(DenoiserSettings settings) {
    int every = settings.previews().every();
    if (every < 0) {
      throw new IllegalArgumentException("latentline.previews.every must be 0 or more");
    }
    if (every == 0 || settings.safety().showsUnjudged()) {
      return every;
    }
    LOG.infof(
        "no previews are made: latentline.safety is %s, and no safety checker judges them",
        settings.safety().name().toLowerCase(Locale.ROOT));
    return 0;
  }

  OfTask of(WorkItem item, ModelCard model, StepTask task) {
    return new OfTask(item, model, task);
  }

  /** The progress of one picture. Not thread-safe. */
  final class OfTask {
    private final WorkItem item;
    private final StepTask task;
    private final Preview preview;
    private final ProgressRate rate;
    private final Pace pace = new Pace();

    private OfTask(WorkItem item, ModelCard model, StepTask task) {
      this.item = item;
      this.task = task;
      this.preview = new Preview(model, task);
      this.rate = new ProgressRate(every, pause, task.state().step(), System.nanoTime());
    }

    /**
     * A step is made.
     *
     * @param took the step alone
     */
    void stepped(Duration took) {
      long now = System.nanoTime();
      pace.stepped(took, now);
      ProgressRate.Said said = rate.next(task.state().step(), task.callsLeft() == 0, now);
      if (said == ProgressRate.Said.NOTHING) {
        return;
      }
      Progress.Builder progress =
          Progress.newBuilder()
              .setGenerationId(item.generationId())
              .setImageIndex(task.plan().task().index())
              .setStep(task.state().step())
              .setSteps(task.plan().steps())
              .setAtMs(System.currentTimeMillis())
              .setEtaMs(pace.of(task.callsLeft()).toMillis());
      float[] denoised = task.denoised().orElseThrow();
      report(
          item,
          progress,
          () -> said == ProgressRate.Said.SHOWN ? preview.of(denoised) : ByteString.EMPTY);
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
