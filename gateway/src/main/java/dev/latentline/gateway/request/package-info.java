/**
 * Bytes from a client become a request with every default filled in, or the list of everything that
 * is wrong with them; pure, with time, randomness and ids as arguments.
 */
package dev.latentline.gateway.request;
