/** Decoded pictures made larger, by the upscalers of the catalogue. */
package dev.latentline.decoder.upscale;
