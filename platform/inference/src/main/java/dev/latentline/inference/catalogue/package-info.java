/**
 * The models that this installation has: folders in diffusers' ONNX layout with a manifest.json.
 */
package dev.latentline.inference.catalogue;
