package dev.latentline.encoder.text;

import dev.latentline.inference.tensor.FloatTensor;
import java.util.Optional;

/**
 * What steers the denoiser for one text.
 *
 * @param states [1, tokens, width]
 * @param pooled [1, size], where the model's network takes it
 */
public record EncodedText(FloatTensor states, Optional<FloatTensor> pooled) {
  int bytes() {
    return Float.BYTES * (states.data().length + pooled.map(p -> p.data().length).orElse(0));
  }

  /** Zeros of the same shapes. */
  EncodedText zeros() {
    return new EncodedText(zeros(states), pooled.map(EncodedText::zeros));
  }

  private static FloatTensor zeros(FloatTensor like) {
    return new FloatTensor(like.shape(), new float[like.data().length]);
  }
}
