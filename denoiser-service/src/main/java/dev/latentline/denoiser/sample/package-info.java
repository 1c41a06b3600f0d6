/** The samplers: pure functions from one state to the next, addressed by step index. */
package dev.latentline.denoiser.sample;
