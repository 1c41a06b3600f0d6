/**
 * Consumes prompt.tokenized, produces embedding.ready.{pool}, owns the text encoders: turns the
 * token ids of a generation into embeddings and the generation into its image tasks.
 */
package dev.latentline.encoder;
