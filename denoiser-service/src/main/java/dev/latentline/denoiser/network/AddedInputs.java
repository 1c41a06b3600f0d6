package dev.latentline.denoiser.network;

import dev.latentline.inference.tensor.FloatTensor;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * What some networks take besides contexts, one row for each of theirs.
 *
 * @param byInput each [rows, numbers], or [rows] where there is one, by the name of the graph's
 *     input
 */
public record AddedInputs(Map<String, FloatTensor> byInput) {
  /** [rows, size]: the whole text. */
  public static final String TEXT_EMBEDS = "text_embeds";

  /**
   * [rows, 6]: height and width of the picture that it is to look like a copy of, where that was
   * cropped (top, left), height and width of the picture itself (Podell et al. 2023,
   * arXiv:2307.01952, section 2.2).
   */
  public static final String TIME_IDS = "time_ids";

  /** [rows, size]: the guidance scale, embedded. */
  public static final String TIMESTEP_COND = "timestep_cond";

  /** [rows]: the guidance scale. */
  public static final String GUIDANCE = "guidance";

  public AddedInputs {
    byInput = Map.copyOf(byInput);
  }

  /** The same inputs with other rows. */
  public AddedInputs map(UnaryOperator<FloatTensor> rows) {
    Map<String, FloatTensor> mapped = new TreeMap<>();
    byInput.forEach((input, all) -> mapped.put(input, rows.apply(all)));
    return new AddedInputs(mapped);
  }
}
