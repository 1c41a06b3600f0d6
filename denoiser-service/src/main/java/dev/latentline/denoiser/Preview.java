package dev.latentline.denoiser;

import com.google.protobuf.ByteString;
import dev.latentline.contract.Limits;
import dev.latentline.denoiser.preview.LatentProjection;
import dev.latentline.denoiser.preview.PreviewPng;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.inference.catalogue.ModelCard;
import java.util.Optional;

/** What a picture looks like on its way, as PNG for those who watch. */
final class Preview {
  private final StepTask task;
  private final Optional<LatentProjection> projection;

  Preview(ModelCard model, StepTask task) {
    this.task = task;
    this.projection = model.vae().latentRgb().map(LatentProjection::new);
  }

  /**
   * After a step.
   *
   * @param denoised what the network saw in it
   * @return nothing where the model's latents cannot be shown, or what is shown would be too large
   */
  ByteString of(float[] denoised) {
    return projection.map(colours -> show(colours, denoised)).orElse(ByteString.EMPTY);
  }

  private ByteString show(LatentProjection colours, float[] denoised) {
    byte[] png = PreviewPng.of(colours.project(denoised, task.plan().shape()));
    return png.length > Limits.MAX_PREVIEW_BYTES ? ByteString.EMPTY : ByteString.copyFrom(png);
  }
}
