/** From token ids to the tensors that steer the denoiser. */
package dev.latentline.encoder.text;
