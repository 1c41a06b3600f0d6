/** What networks see of pictures. */
package dev.latentline.encoder.picture;
