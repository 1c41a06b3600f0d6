/**
 * Consumes generation.event, produces generation.requested, owns what a client sees of a
 * generation: takes requests, shows what became of them and, as owner of a partition of
 * generation.event, decides what happens next.
 */
package dev.latentline.gateway;
