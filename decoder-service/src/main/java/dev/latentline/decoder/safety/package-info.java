/** What becomes of pictures that not everybody should see. */
package dev.latentline.decoder.safety;
