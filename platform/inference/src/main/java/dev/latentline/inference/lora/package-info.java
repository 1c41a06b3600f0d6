/** LoRAs as they are kept here, and what they make of a model's weights. */
package dev.latentline.inference.lora;
