/** Small pictures of what a task has come to, made from its latents without the decoder. */
package dev.latentline.denoiser.preview;
