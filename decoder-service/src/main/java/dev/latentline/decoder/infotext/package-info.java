/** The parameters of a picture as people exchange them. */
package dev.latentline.decoder.infotext;
