package dev.latentline.denoiser;

import com.google.protobuf.ByteString;
import dev.latentline.contract.Limits;
import dev.latentline.denoiser.preview.LatentProjection;
import dev.latentline.denoiser.preview.PreviewPng;
import dev.latentline.denoiser.preview.PreviewRate;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.inference.catalogue.ModelCard;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** What pictures look like on their way, as PNG for those who watch. */
@Startup
@ApplicationScoped
class Previews {
  private final int every;
  private final Duration pause;

  Previews(DenoiserSettings settings) {
    every = settings.previews().every();
    pause = settings.progress().pause();
    if (every < 0) {
      throw new IllegalArgumentException("latentline.previews.every must be 0 or more");
    }
  }

  OfTask of(ModelCard model, StepTask task) {
    return new OfTask(model, task);
  }

  /** The previews of one picture. Not thread-safe. */
  final class OfTask {
    private final StepTask task;
    private final Optional<LatentProjection> projection;
    private final PreviewRate rate;

    private OfTask(ModelCard model, StepTask task) {
      this.task = task;
      this.projection = model.vae().latentRgb().map(LatentProjection::new);
      this.rate = new PreviewRate(every, pause, task.state().step(), System.nanoTime());
    }

    /**
     * The preview of the step that was made now, to be made by any thread at any time.
     *
     * @return nothing when none is due; gives nothing when it would be too large
     */
    Optional<Supplier<ByteString>> next(long now) {
      if (projection.isEmpty() || !rate.due(task.state().step(), now)) {
        return Optional.empty();
      }
      float[] denoised = task.denoised().orElseThrow();
      return Optional.of(() -> show(projection.get(), denoised));
    }

    private ByteString show(LatentProjection colours, float[] denoised) {
      byte[] png = PreviewPng.of(colours.project(denoised, task.plan().shape()));
      return png.length > Limits.MAX_PREVIEW_BYTES ? ByteString.EMPTY : ByteString.copyFrom(png);
    }
  }
}
