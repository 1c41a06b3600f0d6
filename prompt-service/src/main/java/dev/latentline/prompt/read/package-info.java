/** From a request's prompts to the conditionings that the encoder makes of them. */
package dev.latentline.prompt.read;
