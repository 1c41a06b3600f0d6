/**
 * From a checkpoint that somebody downloaded to a model of the catalogue: its family is recognised
 * by its tensors, which are held against the graph templates and written out under the names that
 * those use.
 */
package dev.latentline.inference.checkpoint;
