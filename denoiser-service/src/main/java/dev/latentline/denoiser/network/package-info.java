/** The denoising networks of this replica's pool, verified and loaded. */
package dev.latentline.denoiser.network;
