/** From latents to pixels, by the autoencoders of the catalogue. */
package dev.latentline.decoder.decode;
