/** Pictures as PNG files. */
package dev.latentline.decoder.png;
