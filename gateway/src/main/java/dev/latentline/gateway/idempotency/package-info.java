/**
 * Which generation an Idempotency-Key stands for: a client that got no answer sends its request
 * again and gets the generation that the first one made.
 */
package dev.latentline.gateway.idempotency;
