/** What the model would be given of prompts, for whoever asks over gRPC. */
package dev.latentline.prompt.analysis;
