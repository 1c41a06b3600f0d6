/**
 * Consumes generation.requested, produces prompt.tokenized, owns what the words of a prompt mean to
 * a model.
 */
package dev.latentline.prompt;
