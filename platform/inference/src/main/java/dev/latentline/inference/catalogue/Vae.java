package dev.latentline.inference.catalogue;

import java.util.Optional;

/**
 * The autoencoder between pixels and latents.
 *
 * @param decoder path of the graph in the model's folder: latent_sample to sample in -1..1
 * @param encoder path of the graph: sample in -1..1 to latent_sample, or to latent_parameters,
 *     which are the means of latents and behind them their log variances
 * @param scaleFactor pixels per latent, in each direction
 * @param scalingFactor latents are divided by it before they are decoded
 * @param shiftFactor and then it is added
 * @param latentRgb what previews are made with; without it the model has none
 */
public record Vae(
    String decoder,
    String encoder,
    int scaleFactor,
    double scalingFactor,
    double shiftFactor,
    Optional<LatentRgb> latentRgb) {
  /** Of one whose latents are around 0. */
  public Vae(
      String decoder,
      String encoder,
      int scaleFactor,
      double scalingFactor,
      Optional<LatentRgb> latentRgb) {
    this(decoder, encoder, scaleFactor, scalingFactor, 0, latentRgb);
  }

  /** What the network sees of a number that the encoder gives. */
  public double scaled(double latent) {
    return (latent - shiftFactor) * scalingFactor;
  }

  /** What the decoder takes for a number of the network's latents. */
  public double unscaled(double latent) {
    return latent / scalingFactor + shiftFactor;
  }
}
