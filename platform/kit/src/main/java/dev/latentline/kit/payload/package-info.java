/** Tensors in records, or beside them in the store when they are large. */
package dev.latentline.kit.payload;
