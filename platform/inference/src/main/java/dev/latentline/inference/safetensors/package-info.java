/** The safetensors file format: names, types and shapes in front, raw numbers behind. */
package dev.latentline.inference.safetensors;
