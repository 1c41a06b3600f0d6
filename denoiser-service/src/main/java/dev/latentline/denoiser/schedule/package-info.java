/**
 * Which noise levels a picture passes: sigmas in k-diffusion's convention (x = x0 + sigma * noise),
 * and how a network that was trained in another convention is asked at them.
 */
package dev.latentline.denoiser.schedule;
