/** How strongly the prompt steers. */
package dev.latentline.denoiser.guide;
