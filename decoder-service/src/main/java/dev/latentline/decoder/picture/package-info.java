/** What is stored of a picture: its file and the record of what it is. */
package dev.latentline.decoder.picture;
