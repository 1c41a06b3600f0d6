package dev.latentline.denoiser.task;

import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Role;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * What networks are told of the picture besides its text (Podell et al. 2023, arXiv:2307.01952,
 * section 2.2): that it is no enlarged copy and not cropped, and either its own size or, as
 * Stability AI's refiner was trained, how well it is liked. diffusers' defaults.
 */
final class TimeIds {
  private static final int WITH_SCORE = 5;

  /** On the scale of LAION's aesthetic predictor, of about 1 to 10. */
  private static final float LIKED = 6;

  private static final float DISLIKED = 2.5f;

  private TimeIds() {}

  /**
   * @param numbers 5 or 6
   * @return [conditionings, numbers]
   */
  static FloatTensor of(GenerationRequest request, int numbers, List<Conditioning> rows) {
    float height = request.getHeight();
    float width = request.getWidth();
    FloatBuffer all = FloatBuffer.allocate(rows.size() * numbers);
    for (Conditioning row : rows) {
      all.put(new float[] {height, width, 0, 0});
      if (numbers == WITH_SCORE) {
        all.put(row.getRole() == Role.NEGATIVE ? DISLIKED : LIKED);
      } else {
        all.put(height).put(width);
      }
    }
    return new FloatTensor(new long[] {rows.size(), numbers}, all.array());
  }
}
