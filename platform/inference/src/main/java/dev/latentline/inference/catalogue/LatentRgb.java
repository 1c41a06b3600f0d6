package dev.latentline.inference.catalogue;

import java.util.List;

/**
 * A linear map from latents, as the U-Net sees them, to colours of -1 to 1: what ComfyUI calls
 * latent_rgb_factors and latent_rgb_bias. It shows roughly what the decoder would.
 *
 * @param factors for each channel of the latents what it adds to red, green and blue
 * @param bias red, green and blue where the latents are 0
 */
public record LatentRgb(List<List<Double>> factors, List<Double> bias) {
  public LatentRgb {
    factors = factors.stream().map(List::copyOf).toList();
    bias = List.copyOf(bias);
  }
}
