/** Noise that depends on seed, draw and element alone, so that any replica can make it again. */
package dev.latentline.denoiser.noise;
