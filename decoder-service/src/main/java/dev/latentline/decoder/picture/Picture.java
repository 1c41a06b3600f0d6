package dev.latentline.decoder.picture;

import dev.latentline.contract.ImageTask;
import dev.latentline.decoder.infotext.Infotext;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.decoder.png.PngWriter;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.RuntimeClass;
import dev.latentline.proto.v1.Safety;
import java.util.Map;
import java.util.Optional;

/**
 * A picture ready to be stored.
 *
 * @param seed its own: the generation's plus its index
 * @param runtime what denoised it
 * @param safety what was found in it, where somebody looked
 * @param file PNG
 */
public record Picture(
    GenerationRequest request,
    int index,
    long seed,
    RuntimeClass runtime,
    Pixels pixels,
    Optional<Safety> safety,
    byte[] file) {

  public static final String CONTENT_TYPE = "image/png";
  public static final String EXTENSION = "png";

  /** Makes the file, with the parameters in it. */
  public static Picture of(
      GenerationRequest request, int index, RuntimeClass runtime, Pixels pixels, String version) {
    long seed = request.getSeed() + index;
    byte[] file =
        PngWriter.write(pixels, Map.of(Infotext.KEYWORD, Infotext.of(request, seed, version)));
    return new Picture(request, index, seed, runtime, pixels, Optional.empty(), file);
  }

  public Picture with(Optional<Safety> verdict) {
    return new Picture(request, index, seed, runtime, pixels, verdict, file);
  }

  public ImageTask task() {
    return new ImageTask(request.getGenerationId(), index);
  }
}
