/** An image task from its record to its latents, step by step. */
package dev.latentline.denoiser.task;
