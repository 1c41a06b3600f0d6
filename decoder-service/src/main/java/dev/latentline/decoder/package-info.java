/**
 * Consumes latent.denoised, produces facts on generation.event, owns the pictures in the store:
 * turns latents into files.
 */
package dev.latentline.decoder;
