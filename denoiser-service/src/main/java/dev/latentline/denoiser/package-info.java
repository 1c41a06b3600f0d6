/**
 * Consumes embedding.ready.{pool}, produces latent.denoised, owns the step loop: turns noise and
 * embeddings into latents.
 */
package dev.latentline.denoiser;
