/** Objects in an S3 store, under the few operations that Latentline needs of one. */
package dev.latentline.kit.blob;
