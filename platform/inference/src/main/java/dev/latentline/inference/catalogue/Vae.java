package dev.latentline.inference.catalogue;

/**
 * The autoencoder between pixels and latents.
 *
 * @param decoder path of the graph in the model's folder: latent_sample to sample in -1..1
 * @param encoder path of the graph: sample in -1..1 to latent_sample
 * @param scaleFactor pixels per latent, in each direction
 * @param scalingFactor latents are divided by it before they are decoded
 */
public record Vae(String decoder, String encoder, int scaleFactor, double scalingFactor) {}
