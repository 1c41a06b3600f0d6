/** Tensors, the model catalogue and ONNX Runtime sessions. */
package dev.latentline.inference;
