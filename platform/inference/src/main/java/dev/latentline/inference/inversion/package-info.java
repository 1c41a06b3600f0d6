/** Textual inversions: words whose vectors a text encoder learnt beside its own. */
package dev.latentline.inference.inversion;
