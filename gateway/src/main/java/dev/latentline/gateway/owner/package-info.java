/**
 * The replica that a generation's partition belongs to carries out what is decided about it: lets
 * it into the line, ends it, and does what follows the end.
 */
package dev.latentline.gateway.owner;
