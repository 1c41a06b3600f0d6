/** Asks prompt-service what a model would be given of prompts. */
package dev.latentline.gateway.analysis;
