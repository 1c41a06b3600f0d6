/** ONNX Runtime: the only package that knows it. */
package dev.latentline.inference.session;
