/**
 * What is true of a generation: the pure fold of its facts. Knows nothing of where facts come from.
 */
package dev.latentline.gateway.fold;
