/** Pictures as bytes, before they are a file. */
package dev.latentline.decoder.pixels;
